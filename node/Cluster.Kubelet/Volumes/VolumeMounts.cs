using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Variables;

namespace Cluster.Kubelet.Volumes;

/// <summary>Turns a container's volumeMounts into bind mounts of the volumes' paths.</summary>
internal static class VolumeMounts
{
    /// <exception cref="ContainerConfigException">A mount names no volume, or its subPath leads out of it.</exception>
    public static IReadOnlyList<BindMount> For(
        Container container, IReadOnlyDictionary<string, string> volumes, IReadOnlyDictionary<string, string> environment)
    {
        var mounts = new List<BindMount>();
        foreach (var mount in container.VolumeMounts)
        {
            if (!volumes.TryGetValue(mount.Name, out var path)) throw new ContainerConfigException($"volume \"{mount.Name}\" not found");
            var subPath = mount.SubPathExpr.Length > 0 ? Expansion.Expand(mount.SubPathExpr, environment) : mount.SubPath;
            if (subPath.Length > 0) path = Below(path, subPath);
            mounts.Add(new BindMount(path, AbsolutePath(mount.MountPath), mount.ReadOnly, Propagation(mount)));
        }

        return mounts;
    }

    // A link inside the volume must not lead the engine, which runs as root, out of it.
    private static string Below(string volume, string subPath)
    {
        if (Path.IsPathRooted(subPath) || subPath.Split('/').Contains(".."))
            throw new ContainerConfigException($"subPath {subPath} leads out of its volume");
        var root = Resolve(volume);
        var path = root;
        foreach (var part in subPath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            path = Path.Combine(path, part);
            if (!Path.Exists(path)) Directory.CreateDirectory(path);
            path = Resolve(path);
            if (path != root && !path.StartsWith(root + "/", StringComparison.Ordinal))
                throw new ContainerConfigException($"subPath {subPath} leads out of its volume");
        }

        return path;
    }

    private static string Resolve(string path)
    {
        FileSystemInfo info = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        return info.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
    }

    private static string AbsolutePath(string path) => path.StartsWith('/') ? path : "/" + path;

    private static string? Propagation(VolumeMount mount) => mount.MountPropagation switch
    {
        "Bidirectional" => "rshared",
        "HostToContainer" => "rslave",
        _ => null,
    };
}

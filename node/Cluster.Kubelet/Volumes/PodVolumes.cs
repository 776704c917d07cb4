using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Kubelet.Linux;
using Cluster.Kubelet.Sources;
using Cluster.Kubelet.Variables;

namespace Cluster.Kubelet.Volumes;

/// <summary>Makes one pod's volumes, keeps those from the API up to date, and takes them away. Used by the pod's worker alone.</summary>
internal sealed class PodVolumes
{
    private const UnixFileMode Everyone = (UnixFileMode)0b111_111_111;

    private readonly PodDirectory directory;
    private readonly string memoryRoot;
    private readonly ReferencedObjects objects;
    private readonly TokenCache tokens;
    private readonly TimeProvider time;

    /// <param name="memoryRoot">A directory in memory, for what must not reach the disk.</param>
    public PodVolumes(PodDirectory directory, string memoryRoot, ReferencedObjects objects, TokenCache tokens, TimeProvider time)
    {
        this.directory = directory;
        this.memoryRoot = memoryRoot;
        this.objects = objects;
        this.tokens = tokens;
        this.time = time;
    }

    /// <summary>The pod has volumes whose content may change in the API.</summary>
    public static bool Changes(Pod pod) => pod.Spec.Volumes.Any(volume => FromApi(volume.VolumeSource) is not null);

    /// <summary>Makes what is missing and refreshes the rest; returns each volume's path on this machine.</summary>
    /// <exception cref="MountException">A volume can't be made.</exception>
    public async Task<IReadOnlyDictionary<string, string>> MountAsync(
        Pod pod, PodAddresses addresses, IReadOnlyDictionary<string, QuantityValue> allocatable, CancellationToken cancellationToken)
    {
        directory.Create();
        var paths = new Dictionary<string, string>();
        foreach (var volume in pod.Spec.Volumes)
        {
            try
            {
                var payload = new VolumePayload(pod, addresses, objects, tokens, allocatable);
                paths[volume.Name] = await MountAsync(pod, volume, payload, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException and not MountException)
            {
                throw new MountException(volume.Name, exception.Message);
            }
        }

        return paths;
    }

    /// <summary>Unmounts and deletes everything of the pod.</summary>
    public void Remove()
    {
        MountTable.UnmountUnder(directory.Path);
        if (Directory.Exists(directory.Path)) Directory.Delete(directory.Path, recursive: true);
        if (Directory.Exists(memoryRoot)) Directory.Delete(memoryRoot, recursive: true);
    }

    private async Task<string> MountAsync(Pod pod, Volume volume, VolumePayload payload, CancellationToken cancellationToken)
    {
        var source = volume.VolumeSource ?? new VolumeSource();
        if (source.HostPath is { } host) return HostPaths.Prepare(volume.Name, host);
        if (FromApi(source) is not { } plugin) return MountEmpty(pod, volume.Name, source);

        // Secrets and tokens live in memory only.
        var inMemory = source.Secret is not null || source.Projected is not null;
        var path = inMemory ? Path.Combine(memoryRoot, volume.Name) : directory.Volume(plugin, volume.Name);
        Directory.CreateDirectory(path);
        var changed = AtomicWriter.Write(path, await payload.BuildAsync(source, cancellationToken), time);
        if (changed) GiveToGroup(pod, path);
        return path;
    }

    private string MountEmpty(Pod pod, string name, VolumeSource source)
    {
        if (source.EmptyDir is not { } empty) throw new MountException(name, "this kind of volume is not supported on this node");
        var path = directory.Volume("empty-dir", name);
        if (Directory.Exists(path) && (empty.Medium != "Memory" || MountTable.IsMountPoint(path))) return path;
        Directory.CreateDirectory(path);
        if (empty.Medium == "Memory")
            FileSystemCalls.MountMemory(path, Everyone, empty.SizeLimit is { } limit ? QuantityValue.From(limit).Value : null);
        File.SetUnixFileMode(path, Everyone);
        GiveToGroup(pod, path);
        return path;
    }

    private static string? FromApi(VolumeSource? source) => source switch
    {
        { ConfigMap: not null } => "configmap",
        { Secret: not null } => "secret",
        { DownwardAPI: not null } => "downward-api",
        { Projected: not null } => "projected",
        _ => null,
    };

    /// <summary>fsGroup: the files belong to the group, which may do what the owner may, and new ones in directories too.</summary>
    private static void GiveToGroup(Pod pod, string path)
    {
        if (pod.Spec.SecurityContext is not { HasFsGroup: true } security) return;
        foreach (var entry in Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories).Prepend(path))
        {
            FileSystemCalls.ChangeGroup(entry, security.FsGroup);
            if (new FileInfo(entry).LinkTarget is not null) continue;
            var mode = File.GetUnixFileMode(entry);
            mode |= (UnixFileMode)(((int)mode & 0b110_000_000) >> 3);
            if (Directory.Exists(entry)) mode |= UnixFileMode.SetGroup | UnixFileMode.GroupExecute;
            File.SetUnixFileMode(entry, mode);
        }
    }
}

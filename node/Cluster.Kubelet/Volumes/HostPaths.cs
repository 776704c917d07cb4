using Cluster.Api.CoreV1;
using Cluster.Kubelet.Linux;

namespace Cluster.Kubelet.Volumes;

/// <summary>Checks, and where its type says so makes, the host's file or directory of a hostPath volume.</summary>
internal static class HostPaths
{
    private const UnixFileMode Mode755 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The path, once it is what the volume's type demands.</summary>
    /// <exception cref="MountException">It is something else.</exception>
    public static string Prepare(string volume, HostPathVolumeSource source)
    {
        var path = source.Path;
        if (source.Type == "DirectoryOrCreate" && !Path.Exists(path)) Directory.CreateDirectory(path, Mode755);
        if (source.Type == "FileOrCreate" && !Path.Exists(path)) File.WriteAllBytes(path, []);
        FileKind? wanted = source.Type switch
        {
            "" => null,
            "DirectoryOrCreate" or "Directory" => FileKind.Directory,
            "FileOrCreate" or "File" => FileKind.Regular,
            "Socket" => FileKind.Socket,
            "CharDevice" => FileKind.CharacterDevice,
            "BlockDevice" => FileKind.BlockDevice,
            _ => throw new MountException(volume, $"hostPath type {source.Type} is unknown"),
        };
        if (wanted is not null && FileSystemCalls.KindOf(path) != wanted)
            throw new MountException(volume, $"hostPath type check failed: {path} is not a {Words(wanted.Value)}");
        return path;
    }

    private static string Words(FileKind kind) => kind switch
    {
        FileKind.Directory => "directory",
        FileKind.Socket => "socket file",
        FileKind.CharacterDevice => "character device",
        FileKind.BlockDevice => "block device",
        _ => "file",
    };
}

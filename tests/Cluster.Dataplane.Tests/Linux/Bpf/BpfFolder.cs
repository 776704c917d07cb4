using Cluster.Dataplane.Linux.Bpf;

namespace Cluster.Dataplane.Tests.Linux.Bpf;

/// <summary>A BPF file system of a test's own, gone with it and with all that is pinned there.</summary>
internal sealed class BpfFolder : IDisposable
{
    public BpfFolder()
    {
        Path = Directory.CreateTempSubdirectory("cluster-bpf-").FullName;
        BpfFileSystem.Ensure(Path, null);
    }

    public string Path { get; }

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        BpfFileSystem.Remove(Path);
        Directory.Delete(Path, recursive: true);
    }
}

namespace Cluster.Kubelet.Volumes;

/// <summary>Where a pod's files live on this machine: Kubernetes' own layout under the root.</summary>
public sealed class PodDirectory(string root, string podUid)
{
    public string Path { get; } = System.IO.Path.Combine(root, "pods", podUid);

    public string VolumesPath => System.IO.Path.Combine(Path, "volumes");

    public static string PodsPath(string root) => System.IO.Path.Combine(root, "pods");

    public void Create() => Directory.CreateDirectory(Path);

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <param name="plugin">As in <c>empty-dir</c>.</param>
    public string Volume(string plugin, string name) => System.IO.Path.Combine(VolumesPath, "kubernetes.io~" + plugin, name);

    /// <summary>The file a container writes its last words to.</summary>
    public string TerminationLog(string container, int attempt) =>
        System.IO.Path.Combine(Path, "containers", container, $"{attempt}.termination-log");
}

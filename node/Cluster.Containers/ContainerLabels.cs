namespace Cluster.Containers;

/// <summary>The labels by which containers are known again after a restart of ours.</summary>
public static class ContainerLabels
{
    public const string PodName = "io.kubernetes.pod.name";
    public const string PodNamespace = "io.kubernetes.pod.namespace";
    public const string PodUid = "io.kubernetes.pod.uid";
    public const string ContainerName = "io.kubernetes.container.name";
    public const string Type = "io.kubernetes.docker.type";
    public const string LogPath = "io.kubernetes.container.logpath";
    public const string SandboxId = "io.kubernetes.sandbox.id";
    public const string Hash = "annotation.io.kubernetes.container.hash";
    public const string RestartCount = "annotation.io.kubernetes.container.restartCount";
    public const string TerminationMessagePath = "annotation.io.kubernetes.container.terminationMessagePath";
    public const string TerminationMessagePolicy = "annotation.io.kubernetes.container.terminationMessagePolicy";
    public const string TerminationGracePeriod = "annotation.io.kubernetes.pod.terminationGracePeriod";

    /// <summary>Which cluster the container belongs to; what the list filters by.</summary>
    public const string Instance = "cluster.local/instance";

    public const string SandboxType = "podsandbox";
    public const string ContainerType = "container";

    /// <summary>The container name a sandbox bears.</summary>
    public const string SandboxName = "POD";
}

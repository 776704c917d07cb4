namespace Cluster.Containers;

/// <summary>Names of containers in the engine: <c>k8s_container_pod_namespace_uid_attempt</c>.</summary>
public static class ContainerNames
{
    public static string Make(string container, string pod, string ns, string uid, int attempt) =>
        $"k8s_{container}_{pod}_{ns}_{uid}_{attempt}";

    public static string MakeSandbox(string pod, string ns, string uid, int attempt) =>
        Make(ContainerLabels.SandboxName, pod, ns, uid, attempt);
}

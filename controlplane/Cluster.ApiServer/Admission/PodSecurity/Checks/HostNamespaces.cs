namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>hostNamespaces: the node's network, processes and IPC are not shared.</summary>
internal static class HostNamespaces
{
    public static Violation? Check(PodSubject pod)
    {
        List<string> shared = [];
        if (pod.Spec.HostNetwork)
            shared.Add("hostNetwork=true");
        if (pod.Spec.HostPID)
            shared.Add("hostPID=true");
        if (pod.Spec.HostIPC)
            shared.Add("hostIPC=true");
        return shared.Count == 0 ? null : new Violation("host namespaces", Wording.Listed(shared));
    }
}

using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Dns;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>The sandbox a pod's spec asks for.</summary>
internal static class SandboxSpecs
{
    public static SandboxSpec For(Pod pod, int attempt)
    {
        var labels = new Dictionary<string, string>(pod.Metadata.Labels)
        {
            [ContainerLabels.PodName] = pod.Metadata.Name,
            [ContainerLabels.PodNamespace] = pod.Metadata.Namespace,
            [ContainerLabels.PodUid] = pod.Metadata.Uid,
            [ContainerLabels.ContainerName] = ContainerLabels.SandboxName,
            [ContainerLabels.Type] = ContainerLabels.SandboxType,
            [ContainerLabels.RestartCount] = $"{attempt}",
            [ContainerLabels.TerminationGracePeriod] = $"{pod.Spec.TerminationGracePeriodSeconds}",
        };
        return new SandboxSpec
        {
            Name = ContainerNames.MakeSandbox(pod.Metadata.Name, pod.Metadata.Namespace, pod.Metadata.Uid, attempt),
            Hostname = PodHostNames.Short(pod),
            Labels = labels,
            HostNetwork = pod.Spec.HostNetwork,
            HostPid = pod.Spec.HostPID,
            HostIpc = pod.Spec.HostIPC,
            Sysctls = (pod.Spec.SecurityContext?.Sysctls ?? []).ToDictionary(sysctl => sysctl.Name, sysctl => sysctl.Value),
            Ports = pod.Spec.HostNetwork ? [] : HostPorts(pod).ToList(),
        };
    }

    private static IEnumerable<PortMapping> HostPorts(Pod pod) =>
        from container in pod.Spec.Containers
        from port in container.Ports
        where port.HostPort > 0
        select new PortMapping(
            port.ContainerPort_, port.HostPort, port.Protocol.Length == 0 ? "tcp" : port.Protocol.ToLowerInvariant(), port.HostIP);
}

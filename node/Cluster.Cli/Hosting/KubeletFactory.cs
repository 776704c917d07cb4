using Cluster.Cli.Commands;
using Cluster.Client;
using Cluster.Containers.Docker;
using Cluster.Containers.Network;
using Cluster.Kubelet;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>The kubelet of this node on the machine's Docker engine.</summary>
internal static class KubeletFactory
{
    public static Kubelet.Kubelet Create(ClusterSettings settings, DataDirectory data, ILoggerFactory logs, TimeProvider time)
    {
        var options = new KubeletOptions
        {
            NodeName = settings.NodeName,
            NodeAddress = settings.NodeAddress.ToString(),
            RootDirectory = data.Pods,
            DrainSocket = data.DrainSocket,
            ClusterDns = settings.ClusterDns.ToString(),
            ClusterDomain = settings.ClusterDomain,
            Port = settings.KubeletPort,
            HealthzPort = settings.KubeletHealthPort,
            Certificates = new KubeletCertificates(
                Path.Combine(data.Pki, "kubelet.crt"), Path.Combine(data.Pki, "kubelet.key"), Path.Combine(data.Pki, "ca.crt")),
        };
        return new Kubelet.Kubelet(
            KubernetesClients.FromKubeconfig(data.ComponentKubeconfig("kubelet")), Runtime(settings, data, logs), options, logs, time);
    }

    private static DockerRuntime Runtime(ClusterSettings settings, DataDirectory data, ILoggerFactory logs) => new(
        new DockerRuntimeOptions
        {
            Network = new NodeNetworkOptions { ClusterRanges = [settings.ClusterCidr.ToString(), settings.ServiceRange.ToString()], OwnedPath = data.Owned },
        },
        logs);
}

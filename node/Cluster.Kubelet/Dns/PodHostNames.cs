using System.Text;
using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Dns;

/// <summary>A pod's host name and the hosts file its containers see.</summary>
internal static class PodHostNames
{
    private const int MaxLength = 63;

    /// <summary>The short name: the pod's hostname field, else its name, cut to what a host name may be.</summary>
    public static string Short(Pod pod)
    {
        var name = pod.Spec.Hostname.Length > 0 ? pod.Spec.Hostname : pod.Metadata.Name;
        return name.Length <= MaxLength ? name : name[..MaxLength].TrimEnd('-', '.');
    }

    /// <summary>The full name for a pod with a subdomain; null otherwise.</summary>
    public static string? Full(Pod pod, string clusterDomain) =>
        pod.Spec.Subdomain.Length == 0 ? null : $"{Short(pod)}.{pod.Spec.Subdomain}.{pod.Metadata.Namespace}.svc.{clusterDomain}";

    /// <summary>The hosts file of a pod in the pod network.</summary>
    public static string HostsFile(Pod pod, string podIP, string clusterDomain)
    {
        var file = new StringBuilder(
            """
            # Kubernetes-managed hosts file.
            127.0.0.1	localhost
            ::1	localhost ip6-localhost ip6-loopback
            fe00::0	ip6-localnet
            fe00::0	ip6-mcastprefix
            fe00::1	ip6-allnodes
            fe00::2	ip6-allrouters

            """);
        var full = Full(pod, clusterDomain);
        file.Append(podIP).Append('\t').Append(full is null ? Short(pod) : $"{full}\t{Short(pod)}").Append('\n');
        return file + Aliases(pod);
    }

    /// <summary>The hosts file of a pod on the host's network: the host's own and the pod's aliases.</summary>
    public static string HostsFileOnHost(Pod pod, string hostsFile) =>
        "# Kubernetes-managed hosts file (host network).\n" + hostsFile + Aliases(pod);

    private static string Aliases(Pod pod)
    {
        if (pod.Spec.HostAliases.Count == 0) return "";
        var lines = pod.Spec.HostAliases.Select(alias => $"{alias.Ip}\t{string.Join('\t', alias.Hostnames)}\n");
        return "\n# Entries added by HostAliases.\n" + string.Concat(lines);
    }
}

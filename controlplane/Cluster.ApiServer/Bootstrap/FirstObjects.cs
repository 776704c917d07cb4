using System.Net;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.SchedulingV1;
using Cluster.ApiServer.Allocation;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Bootstrap;

/// <summary>The objects every cluster begins with.</summary>
internal static class FirstObjects
{
    // The address by which pods' resolv.conf names the cluster's DNS, counted from the range's base.
    private const int DnsOffset = 10;
    private const int DefaultPort = 6443;

    public static IReadOnlyList<string> Namespaces { get; } = ["default", "kube-system", "kube-public", "kube-node-lease"];

    /// <summary>The priorities of what the cluster itself runs, above all that users may choose.</summary>
    public static IEnumerable<PriorityClass> PriorityClasses =>
    [
        new()
        {
            Metadata = new ObjectMeta { Name = "system-node-critical" }, Value = 2000001000,
            Description = "Used for system critical pods that must not be moved from their current node.",
        },
        new()
        {
            Metadata = new ObjectMeta { Name = "system-cluster-critical" }, Value = 2000000000,
            Description = "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        },
    ];

    public static Namespace Namespace(string name) => new() { Metadata = new ObjectMeta { Name = name } };

    /// <summary>
    /// The API itself as a service, at the first address of the range. Its endpoints are kept by <see cref="ServerEndpoints"/>.
    /// </summary>
    public static Service Kubernetes(RegistryOptions options) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = "kubernetes", Namespace = "default", Labels = { ["component"] = "apiserver", ["provider"] = "kubernetes" },
        },
        Spec = new ServiceSpec
        {
            Type = "ClusterIP",
            ClusterIP = new AddressRange(options.ServiceRange).At(1).ToString(),
            SessionAffinity = "None",
            Ports = { Port("https", "TCP", 443, options.Advertise?.Port ?? DefaultPort) },
        },
    };

    /// <summary>The cluster's DNS, answered on every node by the proxy: a service without selector.</summary>
    public static Service Dns(RegistryOptions options) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = "kube-dns", Namespace = "kube-system",
            Labels = { ["k8s-app"] = "kube-dns", ["kubernetes.io/cluster-service"] = "true", ["kubernetes.io/name"] = "CoreDNS" },
        },
        Spec = new ServiceSpec
        {
            Type = "ClusterIP",
            ClusterIP = (options.DnsAddress ?? new AddressRange(options.ServiceRange).At(DnsOffset)).ToString(),
            Ports = { Port("dns", "UDP", 53, 53), Port("dns-tcp", "TCP", 53, 53) },
        },
    };

    private static ServicePort Port(string name, string protocol, int port, int target) =>
        new() { Name = name, Protocol = protocol, Port = port, TargetPort = IntOrStrings.FromInt(target) };
}

using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Allocation;

/// <summary>What a service of some type has.</summary>
internal static class ServiceTypes
{
    /// <summary>The cluster IP of a service that has none on purpose.</summary>
    public const string Headless = "None";

    public static bool NeedsClusterIP(ServiceSpec spec) => spec.Type is "ClusterIP" or "NodePort" or "LoadBalancer" or "";

    public static bool NeedsNodePorts(ServiceSpec spec) =>
        spec.Type == "NodePort"
        || (spec.Type == "LoadBalancer" && (!spec.HasAllocateLoadBalancerNodePorts || spec.AllocateLoadBalancerNodePorts));

    /// <summary>Node ports may stand in the spec, given by the user.</summary>
    public static bool MayHaveNodePorts(ServiceSpec spec) => spec.Type is "NodePort" or "LoadBalancer";

    public static bool NeedsHealthCheckPort(ServiceSpec spec) => spec is { Type: "LoadBalancer", ExternalTrafficPolicy: "Local" };

    public static bool HasTrafficPolicy(ServiceSpec spec) => spec.Type is "NodePort" or "LoadBalancer";
}

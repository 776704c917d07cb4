using Cluster.Api.CoreV1;
using Cluster.Api.IntStr;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of a service that need no allocator.</summary>
internal static class ServiceDefaults
{
    private const int AffinityTimeoutSeconds = 10800;

    public static void Apply(Service service)
    {
        if (service.Spec is not { } spec)
        {
            return;
        }
        spec.Type = spec.Type.Or("ClusterIP");
        ApplyAffinity(spec);
        foreach (var port in spec.Ports)
        {
            Apply(port);
        }
        ApplyTrafficPolicies(spec);
        if (spec.Type == "LoadBalancer" && !spec.HasAllocateLoadBalancerNodePorts)
        {
            spec.AllocateLoadBalancerNodePorts = true;
        }
        if (spec.ClusterIP.Length > 0 && spec.ClusterIPs.Count == 0)
        {
            spec.ClusterIPs.Add(spec.ClusterIP);
        }
    }

    private static void ApplyAffinity(ServiceSpec spec)
    {
        spec.SessionAffinity = spec.SessionAffinity.Or("None");
        if (spec.SessionAffinity == "None")
        {
            spec.SessionAffinityConfig = null;
            return;
        }
        if (spec.SessionAffinity == "ClientIP")
        {
            spec.SessionAffinityConfig ??= new SessionAffinityConfig();
            spec.SessionAffinityConfig.ClientIP ??= new ClientIPConfig();
            if (!spec.SessionAffinityConfig.ClientIP.HasTimeoutSeconds)
            {
                spec.SessionAffinityConfig.ClientIP.TimeoutSeconds = AffinityTimeoutSeconds;
            }
        }
    }

    private static void Apply(ServicePort port)
    {
        port.Protocol = port.Protocol.Or("TCP");
        if (port.TargetPort is null or { Type: 0, IntVal: 0 } or { Type: 1, StrVal: "" })
        {
            port.TargetPort = new IntOrString { IntVal = port.Port };
        }
    }

    private static void ApplyTrafficPolicies(ServiceSpec spec)
    {
        if (spec.Type is "NodePort" or "LoadBalancer")
        {
            spec.ExternalTrafficPolicy = spec.ExternalTrafficPolicy.Or("Cluster");
        }
        if (spec.Type != "ExternalName" && !spec.HasInternalTrafficPolicy)
        {
            spec.InternalTrafficPolicy = "Cluster";
        }
    }
}

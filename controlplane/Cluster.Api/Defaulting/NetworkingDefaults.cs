using Cluster.Api.NetworkingV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of ingress classes and network policies.</summary>
internal static class NetworkingDefaults
{
    public static void Apply(IngressClass item)
    {
        if (item.Spec?.Parameters is { HasScope: false } parameters)
        {
            parameters.Scope = "Cluster";
        }
    }

    /// <summary>A policy is about what comes in, and about what goes out where it says something of that.</summary>
    public static void Apply(NetworkPolicy policy)
    {
        policy.Spec ??= new NetworkPolicySpec();
        var spec = policy.Spec;
        foreach (var port in spec.Ingress.SelectMany(rule => rule.Ports).Concat(spec.Egress.SelectMany(rule => rule.Ports)))
        {
            if (!port.HasProtocol)
            {
                port.Protocol = "TCP";
            }
        }
        if (spec.PolicyTypes.Count == 0)
        {
            spec.PolicyTypes.Add("Ingress");
            if (spec.Egress.Count > 0)
            {
                spec.PolicyTypes.Add("Egress");
            }
        }
    }
}

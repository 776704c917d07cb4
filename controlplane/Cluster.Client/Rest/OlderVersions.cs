using System.Collections.Concurrent;
using Cluster.Api;
using Cluster.Api.DiscoveryV1;

namespace Cluster.Client;

/// <summary>Kinds that a server may only have in a version older than ours, with the same message: EndpointSlices before Kubernetes 1.21.</summary>
/// <remarks>A server that says 404 to one version is asked for the other, and the one it had is asked for until it says 404 again: servers are upgraded below a client.</remarks>
internal sealed class OlderVersions
{
    private const string Beta = "v1beta1";

    // v1beta1 had the endpoint's labels of topology where v1 has fields.
    private const string HostLabel = "kubernetes.io/hostname";
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    private readonly ConcurrentDictionary<ResourceType, string> _versions = new();

    /// <summary>The version to ask for.</summary>
    public string Of(ResourceType type) => _versions.GetValueOrDefault(type, type.Version);

    /// <summary>Takes the other version from now on; false for kinds that have no other.</summary>
    public bool TryOther(ResourceType type, string asked)
    {
        if (type.Group != "discovery.k8s.io" || type.Plural != "endpointslices")
        {
            return false;
        }

        _versions[type] = asked == Beta ? type.Version : Beta;
        return true;
    }

    /// <summary>Makes what came in <paramref name="version"/> what ours would have been.</summary>
    public static void Convert(IApiObject obj, string version)
    {
        if (version != Beta || obj is not EndpointSlice slice)
        {
            return;
        }

        foreach (var endpoint in slice.Endpoints)
        {
            if (!endpoint.HasNodeName && endpoint.DeprecatedTopology.TryGetValue(HostLabel, out var host))
            {
                endpoint.NodeName = host;
            }

            if (endpoint.DeprecatedTopology.TryGetValue(ZoneLabel, out var zone))
            {
                endpoint.Zone = zone;
            }
        }
    }
}

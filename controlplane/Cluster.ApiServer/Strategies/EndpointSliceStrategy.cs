using Cluster.Api;
using Cluster.Api.DiscoveryV1;

namespace Cluster.ApiServer.Strategies;

/// <summary>An EndpointSlice has no spec: all but its metadata is what its generation counts.</summary>
internal sealed class EndpointSliceStrategy : ResourceStrategy
{
    public EndpointSliceStrategy(ResourceType type)
        : base(type) => HasGeneration = true;

    public override bool IsSpecChanged(IApiObject obj, IApiObject old)
    {
        var (slice, before) = ((EndpointSlice)obj, (EndpointSlice)old);
        return slice.AddressType != before.AddressType || !slice.Endpoints.Equals(before.Endpoints) || !slice.Ports.Equals(before.Ports);
    }
}

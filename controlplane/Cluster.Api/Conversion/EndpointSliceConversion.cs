using Google.Protobuf;
using Beta = Cluster.Api.DiscoveryV1Beta1;
using V1 = Cluster.Api.DiscoveryV1;

namespace Cluster.Api.Conversion;

/// <summary>In discovery.k8s.io/v1beta1 the zone of an endpoint is one of its topology labels.</summary>
internal static class EndpointSliceConversion
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";
    private const string HostLabel = "kubernetes.io/hostname";

    public static Beta.EndpointSlice ToBeta(V1.EndpointSlice slice)
    {
        var converted = new Beta.EndpointSlice { Metadata = slice.Metadata?.Clone(), AddressType = slice.AddressType };
        converted.Ports.Add(slice.Ports.Select(port => Beta.EndpointPort.Parser.ParseFrom(port.ToByteString())));
        converted.Endpoints.Add(slice.Endpoints.Select(ToBeta));
        return converted;
    }

    public static V1.EndpointSlice FromBeta(Beta.EndpointSlice slice)
    {
        var converted = new V1.EndpointSlice { Metadata = slice.Metadata?.Clone(), AddressType = slice.AddressType };
        converted.Ports.Add(slice.Ports.Select(port => V1.EndpointPort.Parser.ParseFrom(port.ToByteString())));
        converted.Endpoints.Add(slice.Endpoints.Select(FromBeta));
        return converted;
    }

    private static Beta.Endpoint ToBeta(V1.Endpoint endpoint)
    {
        var converted = new Beta.Endpoint { TargetRef = endpoint.TargetRef?.Clone(), Topology = { endpoint.DeprecatedTopology } };
        converted.Addresses.Add(endpoint.Addresses);
        if (endpoint.Conditions is { } conditions)
            converted.Conditions = Beta.EndpointConditions.Parser.ParseFrom(conditions.ToByteString());
        if (endpoint.Hints is { } hints)
            converted.Hints = Beta.EndpointHints.Parser.ParseFrom(hints.ToByteString());
        if (endpoint.HasHostname)
            converted.Hostname = endpoint.Hostname;
        if (endpoint.HasNodeName)
            (converted.NodeName, converted.Topology[HostLabel]) = (endpoint.NodeName, endpoint.NodeName);
        if (endpoint.HasZone)
            converted.Topology[ZoneLabel] = endpoint.Zone;
        return converted;
    }

    private static V1.Endpoint FromBeta(Beta.Endpoint endpoint)
    {
        var converted = new V1.Endpoint { TargetRef = endpoint.TargetRef?.Clone(), DeprecatedTopology = { endpoint.Topology } };
        converted.Addresses.Add(endpoint.Addresses);
        if (endpoint.Conditions is { } conditions)
            converted.Conditions = V1.EndpointConditions.Parser.ParseFrom(conditions.ToByteString());
        if (endpoint.Hints is { } hints)
            converted.Hints = V1.EndpointHints.Parser.ParseFrom(hints.ToByteString());
        if (endpoint.HasHostname)
            converted.Hostname = endpoint.Hostname;
        if (endpoint.HasNodeName)
            converted.NodeName = endpoint.NodeName;
        if (converted.DeprecatedTopology.Remove(ZoneLabel))
            converted.Zone = endpoint.Topology[ZoneLabel];
        // The label says no more than the field, where both are there.
        if (endpoint.HasNodeName && endpoint.Topology.GetValueOrDefault(HostLabel) == endpoint.NodeName)
            converted.DeprecatedTopology.Remove(HostLabel);
        return converted;
    }
}

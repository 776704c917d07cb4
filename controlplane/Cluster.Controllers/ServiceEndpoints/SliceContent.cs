using Cluster.Api.DiscoveryV1;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>Endpoints that have the same kind of address and the same ports, and may share a slice.</summary>
/// <param name="AddressType"><c>IPv4</c> or <c>IPv6</c>.</param>
/// <param name="Ports">In the order of the service's.</param>
/// <param name="Endpoints">All of them, however many slices they take.</param>
internal sealed record SliceContent(string AddressType, IReadOnlyList<EndpointPort> Ports, List<Endpoint> Endpoints)
{
    /// <summary>Equal for groups and slices that belong together.</summary>
    public string Key => KeyOf(AddressType, Ports);

    public static string KeyOf(EndpointSlice slice) => KeyOf(slice.AddressType, slice.Ports);

    /// <summary>Tells endpoints of one service apart: a pod keeps its place in a slice while its conditions change.</summary>
    public static string Identity(Endpoint endpoint) => $"{endpoint.TargetRef?.Uid}/{string.Join(',', endpoint.Addresses)}";

    private static string KeyOf(string addressType, IEnumerable<EndpointPort> ports) =>
        addressType + ":" + string.Join(',', ports
            .Select(port => $"{port.Name}/{ServicePods.Protocol(port.Protocol)}/{(port.HasPort ? port.Port : 0)}/{port.AppProtocol}")
            .Order(StringComparer.Ordinal));
}

using System.Globalization;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;

namespace Cluster.Api.Tables;

/// <summary>The two kinds that list a service's backends.</summary>
internal static class EndpointColumns
{
    private const string Unset = "<unset>";

    public static TableColumns OfEndpoints() => new TableBuilder<Endpoints>()
        .Name()
        .Text("Endpoints", "The first ready backends.", endpoints => CellText.Few(Ready(endpoints).ToList(), CellText.None))
        .Age()
        .Build();

    public static TableColumns OfEndpointSlice() => new TableBuilder<EndpointSlice>()
        .Name()
        .Text("AddressType", "What the addresses are.", slice => slice.AddressType)
        .Text("Ports", "The first ports.", slice => CellText.Few(slice.Ports.Select(Port).ToList(), Unset))
        .Text("Endpoints", "The first addresses.", Addresses)
        .Age()
        .Build();

    private static string Addresses(EndpointSlice slice) =>
        CellText.Few(slice.Endpoints.SelectMany(endpoint => endpoint.Addresses).ToList(), Unset);

    private static IEnumerable<string> Ready(Endpoints endpoints) => endpoints.Subsets.SelectMany(subset => subset.Ports.Count == 0
        ? subset.Addresses.Select(address => address.Ip)
        : subset.Ports.SelectMany(port => subset.Addresses.Select(address => $"{Host(address.Ip)}:{port.Port}")));

    private static string Host(string ip) => ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]" : ip;

    private static string Port(DiscoveryV1.EndpointPort port)
    {
        if (port.HasPort)
        {
            return port.Port.ToString(CultureInfo.InvariantCulture);
        }
        return port.Name.Length > 0 ? port.Name : "*";
    }
}

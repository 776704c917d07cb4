using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of the two kinds that list a service's backends.</summary>
internal static class EndpointDefaults
{
    public static void Apply(Endpoints endpoints)
    {
        foreach (var port in endpoints.Subsets.SelectMany(subset => subset.Ports))
        {
            port.Protocol = port.Protocol.Or("TCP");
        }
    }

    public static void Apply(EndpointSlice slice)
    {
        foreach (var port in slice.Ports)
        {
            if (!port.HasName)
            {
                port.Name = "";
            }
            if (!port.HasProtocol)
            {
                port.Protocol = "TCP";
            }
        }
    }
}

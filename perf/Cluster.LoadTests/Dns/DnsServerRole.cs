using System.Net;
using Cluster.Dataplane.Dns;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.LoadTests.Dns;

/// <summary>The proxy's DNS server alone, in a process of its own, until it is ended: what the data plane runs, with names given instead of watched.</summary>
internal static class DnsServerRole
{
    private const int TtlSeconds = 5;

    public static async Task<int> RunAsync(int port, int names, CancellationToken cancellationToken)
    {
        var zone = new DnsZone(DnsNames.Domain, TimeSpan.FromSeconds(TtlSeconds));
        for (int i = 0; i < names; i++)
        {
            zone.Set(DnsNames.Name(i), [new AddressRecord(DnsNames.Address(i), TtlSeconds)]);
            zone.Set(DnsNames.Reverse(i), [new NameRecord(DnsType.PTR, DnsNames.Name(i), TtlSeconds)]);
        }

        zone.IsLoaded = true;
        var options = new DnsServerOptions { Loops = 1 };
        await using var server = new DnsServer(new IPEndPoint(IPAddress.Loopback, port), zone, () => new ResolverSettings([], []), options, NullLogger.Instance, TimeProvider.System);
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return 0;
    }
}

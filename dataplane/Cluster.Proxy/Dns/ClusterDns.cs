using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Dns;

/// <summary>Keeps the DNS server running at its address: a port that is taken is told once and tried again until it is free.</summary>
internal sealed class ClusterDns(IPEndPoint endPoint, IDnsZone zone, ResolverFile resolvers, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(2);

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var server = await StartAsync(cancellationToken);
            logger.LogInformation("DNS answers on {EndPoint}", endPoint);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
    }

    private async Task<DnsServer> StartAsync(CancellationToken cancellationToken)
    {
        var told = false;
        while (true)
        {
            var forwarder = new DnsForwarder(() => resolvers.Servers, endPoint, time);
            try
            {
                return new DnsServer(endPoint, zone, forwarder, logger);
            }
            catch (SocketException exception)
            {
                forwarder.Dispose();
                if (!told) logger.LogError("DNS can't answer on {EndPoint}, trying again: {Error}", endPoint, exception.Message);
                told = true;
            }

            await Task.Delay(RetryPeriod, time, cancellationToken);
        }
    }
}

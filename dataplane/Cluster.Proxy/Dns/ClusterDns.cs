using System.Net;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Handover;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Dns;

/// <summary>Keeps the DNS server running at its address: a port that is taken is told, and tried again until it is free.</summary>
/// <param name="endPoint">Where it answers.</param>
/// <param name="zone">The names it owns.</param>
/// <param name="names">What keeps them up to date.</param>
/// <param name="resolvers">Who is asked for all others.</param>
/// <param name="options">Bounds.</param>
/// <param name="report">Told of each try: the reason it failed, or null where it answers.</param>
/// <param name="logger">Where queries that could not be answered are told.</param>
/// <param name="time">The clock of tries and time-outs.</param>
/// <param name="succession">It answers once this process serves, and until another one does.</param>
internal sealed class ClusterDns(
    IPEndPoint endPoint, DnsZone zone, ClusterZone names, ResolverFile resolvers, DnsServerOptions options, Action<string?> report, ILogger logger, TimeProvider time, Succession succession)
{
    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(2);
    private volatile bool _answers;

    /// <summary>The server has its port. Read by any thread.</summary>
    public bool Answers => _answers;

    /// <summary>Completes when it has had its first try at its port.</summary>
    public Task Tried => _tried.Task;

    /// <summary>Completes when it knows the cluster's names.</summary>
    public Task Loaded => names.Loaded;

    /// <summary>Serves until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(names.RunAsync(cancellationToken), ServeAsync(cancellationToken));

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await succession.Serving.WaitAsync(cancellationToken);
            await using var server = await StartAsync(cancellationToken);
            _answers = true;
            report(null);
            _tried.TrySetResult();
            await Task.WhenAny(Task.Delay(Timeout.Infinite, cancellationToken), succession.HandedOver);
            if (succession.HandedOver.IsCompleted) await server.DrainAsync();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
        finally
        {
            _answers = false;
        }
    }

    private async Task<DnsServer> StartAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new DnsServer(endPoint, zone, () => resolvers.Current, options, logger, time, succession.Sockets);
            }
            // Sockets' errors are some of them: out of descriptors, the loop has none for itself.
            catch (System.ComponentModel.Win32Exception exception)
            {
                report(exception.Message);
                _tried.TrySetResult();
            }

            await Task.Delay(RetryPeriod, time, cancellationToken);
        }
    }
}

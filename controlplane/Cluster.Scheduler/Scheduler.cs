using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Scheduler.Binding;
using Cluster.Scheduler.Queue;
using Cluster.Scheduler.Snapshot;
using Microsoft.Extensions.Logging;

namespace Cluster.Scheduler;

/// <summary>Finds nodes for pods that have none. Any number may run: bindings are conflict-checked by the API server.</summary>
public sealed class Scheduler
{
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromSeconds(1);

    private readonly IApiClient _client;
    private readonly SchedulerOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private volatile bool _isReady;

    public Scheduler(IApiClient client, SchedulerOptions options, ILoggerFactory logs, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _client = client;
        _options = options;
        _logger = logs.CreateLogger<Scheduler>();
        _time = time;
    }

    /// <summary>It knows the cluster's nodes and pods; it may still wait to lead.</summary>
    public bool IsReady => _isReady;

    /// <summary>Schedules until cancelled, then finishes the bindings under way and returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var informers = new InformerFactory(_client, _logger, _time) { PacksUnread = true };
        using var queue = new SchedulingQueue(_time);
        using var pending = SchedulerMetrics.Observe(queue);
        var cache = new ClusterCache(_time);
        var feed = new ClusterFeed(cache, queue, _options.Profiles.Select(profile => profile.SchedulerName).ToHashSet());
        informers.For<Node>().AddHandler(feed.OnNode);
        informers.For<Pod>().SetTransform(PlacedPods.Trim);
        informers.For<Pod>().AddHandler(feed.OnPod);
        var view = new ClusterView(informers);
        await using var events = new EventRecorder(_client, _options.Profiles[0].SchedulerName, _time, _logger);
        await using var writes = new PodWrites(_client, cache, queue, events, _options.MaxParallelWrites, _time, _logger);
        var loop = new SchedulingLoop(_options, informers.For<Pod>(), cache, queue, writes, view, _time, _logger);
        var watching = informers.RunAsync(stop.Token);
        var expiring = ExpireAsync(cache, queue, stop.Token);
        try
        {
            await informers.WaitForSyncAsync(cancellationToken);
            _isReady = true;
            await LeadAsync(loop, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop.
        }
        finally
        {
            _isReady = false;
            await stop.CancelAsync();
            await Task.WhenAll(watching, expiring);
        }
    }

    private Task LeadAsync(SchedulingLoop loop, CancellationToken cancellationToken) => _options.LeaderElection is { } election
        ? new LeaderElector(_client, election, _logger, _time).RunAsync(loop.RunAsync, cancellationToken)
        : loop.RunAsync(cancellationToken);

    private async Task ExpireAsync(ClusterCache cache, SchedulingQueue queue, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ExpiryInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                if (cache.ExpireAssumed() > 0)
                    queue.Wake(Framework.ClusterEvents.PodGone);
            }
        }
        catch (OperationCanceledException)
        {
            // The scheduler stops.
        }
    }
}

using System.Diagnostics.Metrics;
using Cluster.Containers;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>
/// What runs on this machine: one list call per relist for all containers of all pods, at least once a period and soon after
/// each event of the engine. Never inspects: details are each pod's own affair, so one hung container blinds no other pod.
/// </summary>
public sealed class ContainerObserver
{
    // Events come in bursts (a pod's start makes six); one list tells of them all.
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan HealthLimit = TimeSpan.FromMinutes(3);
    private static readonly Histogram<double> Relists = KubeletMetrics.Seconds("kubelet_pleg_relist_duration_seconds", "Time of listing what runs.");

    private readonly IContainerRuntime runtime;
    private readonly TimeSpan period;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Signal relist = new();
    private readonly Lock sync = new();
    private readonly List<(long Stamp, TaskCompletionSource Done)> waiters = [];
    private Snapshot current = new(0, new Dictionary<string, IReadOnlyList<ObservedContainer>>());
    private long clock;
    private long lastSuccess;

    public ContainerObserver(IContainerRuntime runtime, TimeSpan period, TimeProvider time, ILogger logger)
    {
        this.runtime = runtime;
        this.period = period;
        this.time = time;
        this.logger = logger;
        lastSuccess = time.GetTimestamp();
    }

    /// <summary>Called with a pod's uid from the observing loop when its containers changed; must not block.</summary>
    public Action<string>? PodChanged { get; set; }

    /// <summary>A list succeeded within the last three minutes.</summary>
    public bool IsHealthy => time.GetElapsedTime(Volatile.Read(ref lastSuccess)) < HealthLimit;

    /// <summary>Uids of every pod that has containers.</summary>
    public IEnumerable<string> PodUids => Volatile.Read(ref current).Pods.Keys;

    /// <summary>A point in logical time: take one after acting, and ask for a list begun after it.</summary>
    public long Stamp() => Interlocked.Increment(ref clock);

    /// <summary>What the last list said of a pod, however old.</summary>
    public IReadOnlyList<ObservedContainer> Get(string podUid) => Volatile.Read(ref current).Of(podUid);

    /// <summary>The pod's containers by a list that began after the stamp.</summary>
    public async Task<IReadOnlyList<ObservedContainer>> GetNewerThanAsync(string podUid, long stamp, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (sync)
            {
                if (current.StartedAt > stamp) return current.Of(podUid);
                var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waiters.Add((stamp, waiter));
                wait = waiter.Task;
            }

            relist.Set();
            await wait.WaitAsync(cancellationToken);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var events = FollowEventsAsync(cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            await RelistAsync(cancellationToken);
            await time.DelayQuietly(Spacing < period ? Spacing : period, cancellationToken);
            await relist.WaitAsync(period, time, cancellationToken);
        }

        await events;
    }

    private async Task RelistAsync(CancellationToken cancellationToken)
    {
        var startedAt = Stamp();
        var began = time.GetTimestamp();
        try
        {
            var rows = await runtime.ListAsync(cancellationToken);
            Relists.Record(time.GetElapsedTime(began).TotalSeconds);
            var pods = rows.GroupBy(row => row.PodUid).ToDictionary(pod => pod.Key, pod => (IReadOnlyList<ObservedContainer>)pod.ToList());
            Publish(new Snapshot(startedAt, pods));
            Volatile.Write(ref lastSuccess, time.GetTimestamp());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            // Top of the loop: the engine may be restarting; the next period asks again.
            logger.LogWarning("Listing containers failed: {Message}", exception.Message);
        }
    }

    private void Publish(Snapshot next)
    {
        Snapshot old;
        List<TaskCompletionSource> done;
        lock (sync)
        {
            old = current;
            Volatile.Write(ref current, next);
            done = waiters.Where(waiter => waiter.Stamp < next.StartedAt).Select(waiter => waiter.Done).ToList();
            waiters.RemoveAll(waiter => waiter.Stamp < next.StartedAt);
        }

        foreach (var waiter in done) waiter.TrySetResult();
        foreach (var uid in old.Pods.Keys.Union(next.Pods.Keys))
        {
            if (!Same(old.Of(uid), next.Of(uid))) PodChanged?.Invoke(uid);
        }
    }

    private static bool Same(IReadOnlyList<ObservedContainer> before, IReadOnlyList<ObservedContainer> after) =>
        before.Count == after.Count
        && before.Select(row => (row.Id, row.State)).ToHashSet().SetEquals(after.Select(row => (row.Id, row.State)));

    private async Task FollowEventsAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in runtime.WatchAsync(cancellationToken)) relist.Set();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Top of the loop: without events the periodic list still sees everything, only later.
                logger.LogWarning("The engine's event stream ended: {Message}", exception.Message);
            }

            await time.DelayQuietly(period, cancellationToken);
        }
    }

    private sealed record Snapshot(long StartedAt, IReadOnlyDictionary<string, IReadOnlyList<ObservedContainer>> Pods)
    {
        public IReadOnlyList<ObservedContainer> Of(string uid) => Pods.TryGetValue(uid, out var rows) ? rows : [];
    }
}

using System.Globalization;

namespace Cluster.Proxy;

/// <summary>Whether changes come into effect: healthy while none has waited longer than the time-out. Written and read by any thread.</summary>
public sealed class ProxyHealth(TimeSpan timeout, TimeProvider time)
{
    private readonly Lock _lock = new();
    private DateTimeOffset _lastUpdated = time.GetUtcNow();
    private DateTimeOffset? _waitingSince;
    private DateTimeOffset? _appliedSince;
    private volatile bool _nodeIsGoing;
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first whole table is in effect.</summary>
    public bool IsSynced => _synced.Task.IsCompleted;

    /// <summary>Completes when <see cref="IsSynced"/> is true.</summary>
    internal Task WhenSynced => _synced.Task;

    /// <summary>Completes when a table is in effect, be it the one that an earlier process saved.</summary>
    internal Task WhenLoaded => _loaded.Task;

    public bool IsHealthy
    {
        get
        {
            lock (_lock) return (_appliedSince ?? _waitingSince) is not { } since || time.GetUtcNow() - since < timeout;
        }
    }

    /// <summary>False once this node's object is being deleted or the cluster autoscaler is about to: load balancers are to send nobody here any more.</summary>
    public bool IsNodeEligible => !_nodeIsGoing;

    /// <summary>Kubernetes' answer of <c>/healthz</c>.</summary>
    public string ToJson() => $$"""{{{Times()}}, "nodeEligible": {{(IsNodeEligible ? "true" : "false")}}}""";

    /// <summary>Kubernetes' answer of <c>/livez</c>, which the node is no matter of.</summary>
    public string ToLiveJson() => $$"""{{{Times()}}}""";

    private string Times()
    {
        lock (_lock) return $"\"lastUpdated\": \"{Format(_lastUpdated)}\",\"currentTime\": \"{Format(time.GetUtcNow())}\"";
    }

    internal void SetNodeEligible(bool isEligible) => _nodeIsGoing = !isEligible;

    internal void Synced() => _synced.TrySetResult();

    internal void Queued()
    {
        lock (_lock) _waitingSince ??= time.GetUtcNow();
    }

    /// <summary>What waits is being applied from now on; what comes meanwhile waits for the next time.</summary>
    internal void Begun()
    {
        lock (_lock) (_appliedSince, _waitingSince) = (_waitingSince ?? time.GetUtcNow(), null);
    }

    /// <summary>What was begun with is in effect.</summary>
    internal void Applied()
    {
        lock (_lock)
        {
            _appliedSince = null;
            _lastUpdated = time.GetUtcNow();
        }

        _loaded.TrySetResult();
    }

    private static string Format(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);
}

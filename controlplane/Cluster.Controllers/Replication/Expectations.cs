using Cluster.Client;

namespace Cluster.Controllers.Replication;

/// <summary>What a controller has asked for and its cache has not shown yet, so that it does not ask twice.</summary>
/// <remarks>
/// Creations are counted, for their names are not known before; deletions are kept by pod uid, for a pod's deletion is seen twice (marked, then
/// gone). Handlers and workers use it at once. An expectation that was not met in 5 minutes was lost: then the controller acts anyway.
/// </remarks>
internal sealed class Expectations(TimeProvider time)
{
    private static readonly TimeSpan Lost = TimeSpan.FromMinutes(5);

    // A look at the very moment would be too early.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, Pending> _pending = [];

    public bool AreMet(ObjectKey owner)
    {
        lock (_lock)
        {
            return !_pending.TryGetValue(owner, out var pending)
                || (pending.Creations <= 0 && pending.Deletions.Count == 0)
                || time.GetElapsedTime(pending.Since) > Lost;
        }
    }

    /// <summary>How long until what was expected counts as lost, which no event tells of; null: nothing is expected.</summary>
    public TimeSpan? UntilLost(ObjectKey owner)
    {
        lock (_lock)
        {
            return _pending.TryGetValue(owner, out var pending) && (pending.Creations > 0 || pending.Deletions.Count > 0)
                && Lost - time.GetElapsedTime(pending.Since) is var left && left >= TimeSpan.Zero ? left + Moment : null;
        }
    }

    /// <summary>Set before the calls: their events may come before their replies.</summary>
    public void ExpectCreations(ObjectKey owner, int count)
    {
        lock (_lock)
        {
            _pending[owner] = new(time.GetTimestamp()) { Creations = count };
        }
    }

    /// <inheritdoc cref="ExpectCreations"/>
    public void ExpectDeletions(ObjectKey owner, IEnumerable<string> uids)
    {
        lock (_lock)
        {
            _pending[owner] = new(time.GetTimestamp()) { Deletions = [.. uids] };
        }
    }

    /// <summary>So many creations were seen or will never be.</summary>
    public void Created(ObjectKey owner, int count = 1)
    {
        lock (_lock)
        {
            if (_pending.TryGetValue(owner, out var pending))
            {
                pending.Creations -= count;
            }
        }
    }

    /// <summary>The deletion was seen or will never be.</summary>
    public void Deleted(ObjectKey owner, string uid)
    {
        lock (_lock)
        {
            if (_pending.TryGetValue(owner, out var pending))
            {
                pending.Deletions.Remove(uid);
            }
        }
    }

    public void Forget(ObjectKey owner)
    {
        lock (_lock)
        {
            _pending.Remove(owner);
        }
    }

    private sealed class Pending(long since)
    {
        public long Since { get; } = since;

        public int Creations { get; set; }

        public HashSet<string> Deletions { get; init; } = [];
    }
}

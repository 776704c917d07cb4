namespace Cluster.Dataplane.Services;

/// <summary>Backends that left the table with connections that had not ended. Any thread.</summary>
internal sealed class GoneBackends(TimeProvider time)
{
    /// <summary>A relay that picked from the table before may open its connection a moment after the backend has left.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly List<Gone> _gone = [];

    /// <summary>Notes who left with a change.</summary>
    public void Note(ServiceTableChange change)
    {
        if (change.Before is not { } before) return;
        var now = time.GetTimestamp();
        lock (_lock)
        {
            PruneLocked();
            foreach (var backend in before.Backends)
                if (change.After is not { } after || !Has(after, backend)) _gone.Add(new Gone(before.Port.Id, backend, now));
        }
    }

    /// <summary>Those that still have connections.</summary>
    public IReadOnlyList<(ServicePortId Id, Backend Backend)> Draining()
    {
        lock (_lock)
        {
            PruneLocked();
            return [.. _gone.Where(gone => gone.Backend.State.Active > 0).Select(gone => (gone.Id, gone.Backend))];
        }
    }

    private static bool Has(ServiceEntry entry, Backend backend)
    {
        foreach (var known in entry.Backends)
            if (ReferenceEquals(known.State, backend.State)) return true;
        return false;
    }

    private void PruneLocked() => _gone.RemoveAll(gone => gone.Backend.State.Active == 0 && time.GetElapsedTime(gone.Since) > Afterwards);

    private readonly record struct Gone(ServicePortId Id, Backend Backend, long Since);
}

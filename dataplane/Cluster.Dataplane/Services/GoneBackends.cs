namespace Cluster.Dataplane.Services;

/// <summary>Backends that left the table with connections that had not ended. Any thread.</summary>
internal sealed class GoneBackends(TimeProvider time)
{
    /// <summary>A relay that picked from the table before may open its connection a moment after the backend has left.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly List<Gone> _gone = [];

    /// <summary>Notes who left with a publication. Costs what the changes and those noted before hold together.</summary>
    public void Note(IReadOnlyList<ServiceTableChange> changes)
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            PruneLocked(now);
            foreach (var change in changes) NoteLocked(change, now);
        }
    }

    /// <summary>Those that still have connections.</summary>
    public IReadOnlyList<(ServicePortId Id, Backend Backend)> Draining()
    {
        var now = time.GetTimestamp();
        lock (_lock)
        {
            PruneLocked(now);
            return [.. _gone.Where(gone => gone.Backend.State.Active > 0).Select(gone => (gone.Id, gone.Backend))];
        }
    }

    private void NoteLocked(ServiceTableChange change, long now)
    {
        if (change.Before is not { } before) return;
        var after = change.After is { } entry ? entry.Backends : [];
        HashSet<BackendState>? known = null;
        for (var i = 0; i < before.Backends.Length; i++)
        {
            var backend = before.Backends[i];
            // Most stand where they stood; the rest are looked for.
            if (i < after.Length && ReferenceEquals(after[i].State, backend.State)) continue;
            known ??= StatesOf(after);
            if (!known.Contains(backend.State)) _gone.Add(new Gone(before.Port.Id, backend, now));
        }
    }

    private static HashSet<BackendState> StatesOf(ReadOnlySpan<Backend> backends)
    {
        var states = new HashSet<BackendState>(backends.Length);
        foreach (var backend in backends) states.Add(backend.State);
        return states;
    }

    private void PruneLocked(long now) => _gone.RemoveAll(gone => gone.Backend.State.Active == 0 && time.GetElapsedTime(gone.Since, now) > Afterwards);

    private readonly record struct Gone(ServicePortId Id, Backend Backend, long Since);
}

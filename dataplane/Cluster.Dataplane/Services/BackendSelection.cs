namespace Cluster.Dataplane.Services;

/// <summary>Decides which backends may be picked at all; balancing policies then choose among them.</summary>
public static class BackendSelection
{
    /// <summary>
    /// Ready backends the policy allows; where there are none, terminating ones that still serve, so that the last pods of a
    /// rolling update answer until they are gone.
    /// </summary>
    public static Backend[] Usable(ReadOnlySpan<Backend> backends, TrafficPolicy policy)
    {
        var ready = Where(backends, policy, BackendHealth.Ready);
        return ready.Length > 0 ? ready : Where(backends, policy, BackendHealth.Terminating);
    }

    /// <summary>
    /// Divides usable backends into those that answer and those left out. Where none answers, all count as if they did: a wrong word about
    /// all of them would otherwise be an outage.
    /// </summary>
    public static (Backend[] Available, Backend[] LeftOut) Divide(Backend[] usable)
    {
        // Looked at once each: what is available may change meanwhile.
        var available = Array.FindAll(usable, backend => backend.State.IsAvailable);
        return available.Length == usable.Length || available.Length == 0 ? (usable, []) : (available, [.. usable.Except(available)]);
    }

    /// <summary>Of usable backends those of the preferred zone; all where it has none, or none is preferred.</summary>
    public static Backend[] Nearest(Backend[] usable, string? zone)
    {
        if (zone is null) return usable;
        var near = Array.FindAll(usable, backend => backend.Zone == zone);
        return near.Length > 0 ? near : usable;
    }

    private static Backend[] Where(ReadOnlySpan<Backend> backends, TrafficPolicy policy, BackendHealth health)
    {
        var count = 0;
        foreach (var backend in backends)
            if (Matches(backend, policy, health)) count++;
        if (count == 0) return [];

        var result = new Backend[count];
        count = 0;
        foreach (var backend in backends)
            if (Matches(backend, policy, health)) result[count++] = backend;
        return result;
    }

    private static bool Matches(Backend backend, TrafficPolicy policy, BackendHealth health) =>
        backend.Health == health && (policy == TrafficPolicy.Cluster || backend.IsLocal);
}

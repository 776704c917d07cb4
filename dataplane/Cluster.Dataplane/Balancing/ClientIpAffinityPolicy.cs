using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>
/// Keeps a client address on the backend it had, until it was away for the timeout or the backend is gone or has failed; a new
/// client is placed by the inner policy. A hit costs one lock-free lookup and no allocation; a new client allocates its entry.
/// </summary>
public sealed class ClientIpAffinityPolicy(ILoadBalancingPolicy inner, TimeSpan timeout, TimeProvider time) : ILoadBalancingPolicy
{
    private readonly long _timeoutTicks = (long)(timeout.TotalSeconds * time.TimestampFrequency);

    public string Name => "client-ip";

    public bool Weighs => inner.Weighs;

    public object? Prepare(Backend[] candidates) => inner.Prepare(candidates);

    public object? PrepareLocal(Backend[] candidates) => inner.PrepareLocal(candidates);

    public Backend? Pick(BackendSet candidates, ServiceState state, in PickContext context)
    {
        if (candidates.Count == 0) return null;
        var now = time.GetTimestamp();
        if (context.Failed is null
            && state.Affinity.Use(context.Client, now, _timeoutTicks) is { } known
            && Current(candidates.Backends, known) is { } kept)
            return kept;

        var picked = inner.Pick(candidates, state, context);
        if (picked is not null) state.Affinity.Set(context.Client, picked, now, _timeoutTicks);
        return picked;
    }

    public void Moved(ServiceState state, in PickContext context, Backend backend) =>
        state.Affinity.Set(context.Client, backend, time.GetTimestamp(), _timeoutTicks);

    // The backend object of the table in force: health and weight may have changed since the client got it.
    private static Backend? Current(ReadOnlySpan<Backend> candidates, Backend known)
    {
        foreach (var candidate in candidates)
            if (ReferenceEquals(candidate, known) || candidate.IsSameAs(known)) return candidate;
        return null;
    }
}

using Cluster.Dataplane.Balancing;

namespace Cluster.Dataplane.Services;

/// <summary>A service port with its backends as of one table. Immutable but for <see cref="State"/>, which entries hand on.</summary>
public sealed class ServiceEntry
{
    private readonly Backend[] _all;
    private readonly BackendSet _internal;
    private readonly BackendSet _external;

    internal ServiceEntry(int slot, ServicePort port, Backend[] backends, ServiceState state, ILoadBalancingPolicy policy)
    {
        Slot = slot;
        Port = port;
        State = state;
        Policy = policy;
        _all = backends;
        _internal = Prepare(BackendSelection.Usable(backends, port.InternalTrafficPolicy), policy);
        _external = port.ExternalTrafficPolicy == port.InternalTrafficPolicy
            ? _internal
            : Prepare(BackendSelection.Usable(backends, port.ExternalTrafficPolicy), policy);
    }

    /// <summary>Index in the table; the same for all entries of a service port while it exists.</summary>
    public int Slot { get; }

    public ServicePort Port { get; }

    /// <summary>Cursors and affinity: lives across tables.</summary>
    public ServiceState State { get; }

    public ILoadBalancingPolicy Policy { get; }

    /// <summary>Every known backend, ready or not.</summary>
    public ReadOnlySpan<Backend> Backends => _all;

    /// <summary>The backends that may answer traffic of a scope.</summary>
    public ReadOnlySpan<Backend> Usable(TrafficScope scope) => Candidates(scope).Backends;

    /// <summary>Chooses a backend, or null where none may answer. Lock-free; see the policy for its cost.</summary>
    public Backend? Pick(in PickContext context) => Policy.Pick(Candidates(context.Scope), State, context);

    /// <summary>True while traffic of the scope may still go to the backend.</summary>
    public bool Serves(Backend backend, TrafficScope scope)
    {
        foreach (var candidate in Usable(scope))
            if (ReferenceEquals(candidate, backend) || candidate.IsSameAs(backend)) return true;
        return false;
    }

    private static BackendSet Prepare(Backend[] usable, ILoadBalancingPolicy policy) =>
        usable.Length == 0 ? BackendSet.Empty : new BackendSet(usable, policy.Prepare(usable));

    private BackendSet Candidates(TrafficScope scope) => scope == TrafficScope.Internal ? _internal : _external;

    internal bool HasBackends(ReadOnlySpan<Backend> backends)
    {
        if (backends.Length != _all.Length) return false;
        for (var i = 0; i < backends.Length; i++)
            if (!Same(_all[i], backends[i])) return false;
        return true;
    }

    private static bool Same(Backend a, Backend b) =>
        ReferenceEquals(a, b)
        || (a.IsSameAs(b) && a.Health == b.Health && a.IsLocal == b.IsLocal && a.Weight == b.Weight && a.Zone == b.Zone);
}

using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Services;

/// <summary>A service port with its backends as of one table. Immutable but for <see cref="State"/>, which entries hand on.</summary>
public sealed class ServiceEntry
{
    private readonly Backend[] _all;
    private readonly BackendSet _internal;
    private readonly BackendSet _external;
    private readonly BackendSet _cluster;
    private readonly AddressRange[] _sources;
    private readonly ClientOrigins _origins;

    internal ServiceEntry(int slot, ServicePort port, Backend[] backends, ServiceState state, ILoadBalancingPolicy policy, ClientOrigins origins)
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
        _cluster = port.ExternalTrafficPolicy == TrafficPolicy.Cluster ? _external
            : port.InternalTrafficPolicy == TrafficPolicy.Cluster ? _internal
            : Prepare(BackendSelection.Usable(backends, TrafficPolicy.Cluster), policy);
        _sources = port.SourceRanges.IsEmpty ? [] : [.. port.SourceRanges.Select(AddressRange.From)];
        _origins = origins;
    }

    /// <summary>Index in the table; the same for all entries of a service port while it exists.</summary>
    public int Slot { get; }

    public ServicePort Port { get; }

    /// <summary>Cursors and affinity: lives across tables.</summary>
    public ServiceState State { get; }

    public ILoadBalancingPolicy Policy { get; }

    /// <summary>Every known backend, ready or not.</summary>
    public ReadOnlySpan<Backend> Backends => _all;

    /// <summary>The backends that may answer traffic of a scope from clients beyond the cluster.</summary>
    public ReadOnlySpan<Backend> Usable(TrafficScope scope) => Candidates(scope).Backends;

    /// <summary>The backends that may answer traffic of a scope from the node itself and from pods: externalTrafficPolicy is not for them.</summary>
    public ReadOnlySpan<Backend> UsableInside(TrafficScope scope) => (scope == TrafficScope.Internal ? _internal : _cluster).Backends;

    /// <summary>The backends that may answer a client in a scope; none where the scope is not open to it.</summary>
    public ReadOnlySpan<Backend> UsableFor(TrafficScope scope, ClientAddress client) => CandidatesFor(scope, client).Backends;

    /// <summary>False for a client that the service's source ranges keep from its load balancer addresses.</summary>
    public bool Admits(TrafficScope scope, ClientAddress client)
    {
        if (scope != TrafficScope.LoadBalancer || _sources.Length == 0 || AddressRange.AnyContains(_sources, client)) return true;
        // The node speaks to a load balancer address from whichever of its own the route names, that address itself included.
        return _origins.IsNode(client) && _origins.NodeIsIn(_sources);
    }

    /// <summary>
    /// Chooses a backend, or null where none may answer this client (counted where its address is the reason). Lock-free; see the
    /// policy for its cost.
    /// </summary>
    public Backend? Pick(in PickContext context)
    {
        if (Port.MaxConnections > 0 && !HasRoom())
        {
            DataplaneMetrics.LimitRefused.Add(1);
            return null;
        }

        var picked = Policy.Pick(CandidatesFor(context.Scope, context.Client), State, context);
        if (picked is null) CountRefusal(context);
        return picked;
    }

    // Loops that pick at the same moment may each find the last place free: the limit is kept to within one connection a loop.
    private bool HasRoom()
    {
        var held = 0L;
        foreach (var backend in _all) held += backend.State.Active;
        return held < Port.MaxConnections;
    }

    /// <summary>True while the client's traffic of the scope may still go to the backend.</summary>
    public bool Serves(Backend backend, TrafficScope scope, ClientAddress client)
    {
        foreach (var candidate in UsableFor(scope, client))
            if (ReferenceEquals(candidate, backend) || candidate.IsSameAs(backend)) return true;
        return false;
    }

    // TCP connections without a backend are counted by who resets them: they may have been tried with others before.
    private void CountRefusal(in PickContext context)
    {
        if (!Admits(context.Scope, context.Client))
        {
            DataplaneMetrics.SourceRefused.Add(1);
            State.Traffic.Dropped(DropReason.SourceRefused);
        }
        else if (Port.Id.Protocol == ServiceProtocol.Udp)
        {
            State.Traffic.Dropped(DropReason.NoBackend);
        }
    }

    private static BackendSet Prepare(Backend[] usable, ILoadBalancingPolicy policy) =>
        usable.Length == 0 ? BackendSet.Empty : new BackendSet(usable, policy.Prepare(usable));

    private BackendSet CandidatesFor(TrafficScope scope, ClientAddress client)
    {
        if (!Admits(scope, client)) return BackendSet.Empty;
        return ReferenceEquals(_cluster, _external) || scope == TrafficScope.Internal || !_origins.IsInside(client) ? Candidates(scope) : _cluster;
    }

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
        || (a.IsSameAs(b) && a.Health == b.Health && a.IsLocal == b.IsLocal && a.Weight == b.Weight && a.Zone == b.Zone
            && Equals(a.AlternateAddress, b.AlternateAddress));
}

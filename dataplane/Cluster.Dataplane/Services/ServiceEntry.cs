using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Services;

/// <summary>A service port with its backends as of one table. Immutable but for <see cref="State"/>, which entries hand on, and for which backends are available.</summary>
public sealed class ServiceEntry
{
    private readonly Backend[] _all;
    private readonly Lock _refreshLock = new();
    private Candidates _candidates;
    private readonly AddressRange[] _sources;
    private readonly ClientOrigins _origins;

    internal ServiceEntry(int slot, ServicePort port, Backend[] backends, ServiceState state, ILoadBalancingPolicy policy, ClientOrigins origins, int madeAt)
    {
        MadeAt = madeAt;
        Slot = slot;
        Port = port;
        State = state;
        Policy = policy;
        _all = backends;
        _candidates = Prepare();
        _sources = port.SourceRanges.IsEmpty ? [] : [.. port.SourceRanges.Select(AddressRange.From)];
        _origins = origins;
    }

    /// <summary>What the directory had counted of changes of availability before this was made.</summary>
    internal int MadeAt { get; }

    /// <summary>Index in the table; the same for all entries of a service port while it exists.</summary>
    public int Slot { get; }

    public ServicePort Port { get; }

    /// <summary>Cursors and affinity: lives across tables.</summary>
    public ServiceState State { get; }

    public ILoadBalancingPolicy Policy { get; }

    /// <summary>Every known backend, ready or not.</summary>
    public ReadOnlySpan<Backend> Backends => _all;

    /// <summary>The backends that may answer traffic of a scope from clients beyond the cluster.</summary>
    public ReadOnlySpan<Backend> Usable(TrafficScope scope) => Of(InForce, scope).Backends;

    /// <summary>The backends that may answer traffic of a scope from the node itself and from pods: externalTrafficPolicy is not for them.</summary>
    public ReadOnlySpan<Backend> UsableInside(TrafficScope scope) => (scope == TrafficScope.Internal ? InForce.Internal : InForce.Cluster).Backends;

    /// <summary>The backends that may answer a client in a scope; none where the scope is not open to it.</summary>
    public ReadOnlySpan<Backend> UsableFor(TrafficScope scope, ClientAddress client) => CandidatesFor(scope, client).Backends;

    /// <summary>False for a client that the service's source ranges keep from its load balancer addresses.</summary>
    public bool Admits(TrafficScope scope, ClientAddress client)
    {
        if (scope != TrafficScope.LoadBalancer || _sources.Length == 0 || AddressRange.AnyContains(_sources, client)) return true;
        // The node speaks to a load balancer address from whichever of its own the route names, that address itself included.
        return _origins.IsNode(client) && _origins.NodeIsIn(_sources);
    }

    /// <summary>Chooses a backend, or null where none may answer this client, which is counted. Lock-free; see the policy for its cost.</summary>
    public Backend? Pick(in PickContext context)
    {
        var picked = Pick(context, out var refusal);
        if (picked is null) Refused(refusal);
        return picked;
    }

    /// <summary>As <see cref="Pick(in PickContext)"/>, for who counts by itself, once for all its tries.</summary>
    /// <param name="refusal">Why there is none.</param>
    public Backend? Pick(in PickContext context, out DropReason refusal)
    {
        refusal = DropReason.Limit;
        if (Port.MaxConnections > 0 && !context.Moves && !HasRoom()) return null;

        var candidates = CandidatesFor(context.Scope, context.Client);
        var picked = Policy.Pick(candidates, State, context);
        refusal = picked is not null || Admits(context.Scope, context.Client) ? DropReason.NoBackend : DropReason.SourceRefused;
        return context.Tried is null || picked is null || !context.Tried.Contains(picked) ? picked : PickUntried(candidates, picked, context);
    }

    /// <summary>Counts a connection or a datagram that was not served.</summary>
    public void Refused(DropReason reason)
    {
        if (reason == DropReason.SourceRefused) DataplaneMetrics.SourceRefused.Add(1);
        else if (reason == DropReason.Limit) DataplaneMetrics.LimitRefused.Add(1);
        State.Traffic.Dropped(reason);
    }

    /// <summary>True where a connection that fails on a backend has another to go on to.</summary>
    public bool HasAnother(in PickContext context, Backend than)
    {
        var candidates = CandidatesFor(context.Scope, context.Client);
        return HasAnother(candidates.Backends, context.Tried, than) || HasAnother(candidates.LeftOut, context.Tried, than);
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

    /// <summary>Works out anew which backends are chosen among, after one of them has become available or ceased to be. Any thread.</summary>
    internal void RefreshAvailability()
    {
        // One after the other: a later view must not be overwritten by an earlier one.
        lock (_refreshLock) Volatile.Write(ref _candidates, Prepare());
    }

    private Candidates InForce => Volatile.Read(ref _candidates);

    private Candidates Prepare()
    {
        var inside = Prepare(Port.InternalTrafficPolicy);
        var outside = Port.ExternalTrafficPolicy == Port.InternalTrafficPolicy ? inside : Prepare(Port.ExternalTrafficPolicy);
        var cluster = Port.ExternalTrafficPolicy == TrafficPolicy.Cluster ? outside
            : Port.InternalTrafficPolicy == TrafficPolicy.Cluster ? inside
            : Prepare(TrafficPolicy.Cluster);
        return new Candidates(inside, outside, cluster);
    }

    private BackendSet Prepare(TrafficPolicy policy)
    {
        var usable = BackendSelection.Usable(_all, policy);
        if (usable.Length == 0) return BackendSet.Empty;
        var (available, leftOut) = BackendSelection.Divide(usable);
        return new BackendSet(available, policy == TrafficPolicy.Local ? Policy.PrepareLocal(available) : Policy.Prepare(available), leftOut);
    }

    // The next in order from the one picked, those without weight last; then those that did not answer, for nothing better is left.
    private Backend? PickUntried(BackendSet candidates, Backend picked, in PickContext context)
    {
        var tried = context.Tried!;
        var from = candidates.Backends.IndexOf(picked);
        var found = Untried(candidates.Backends, from, least: 1, tried) ?? Untried(candidates.Backends, from, least: 0, tried) ?? Untried(candidates.LeftOut, 0, least: 0, tried);
        if (found is not null) Policy.Moved(State, context, found);
        return found;
    }

    private static Backend? Untried(ReadOnlySpan<Backend> backends, int from, int least, TriedBackends tried)
    {
        for (var ahead = 0; ahead < backends.Length; ahead++)
        {
            var backend = backends[(from + ahead) % backends.Length];
            if (backend.Weight >= least && !tried.Contains(backend)) return backend;
        }

        return null;
    }

    private static bool HasAnother(ReadOnlySpan<Backend> backends, TriedBackends? tried, Backend than)
    {
        foreach (var backend in backends)
            if (!ReferenceEquals(backend, than) && !backend.IsSameAs(than) && tried?.Contains(backend) != true) return true;
        return false;
    }

    private BackendSet CandidatesFor(TrafficScope scope, ClientAddress client)
    {
        if (!Admits(scope, client)) return BackendSet.Empty;
        var candidates = InForce;
        return ReferenceEquals(candidates.Cluster, candidates.External) || scope == TrafficScope.Internal || !_origins.IsInside(client)
            ? Of(candidates, scope)
            : candidates.Cluster;
    }

    private static BackendSet Of(Candidates candidates, TrafficScope scope) => scope == TrafficScope.Internal ? candidates.Internal : candidates.External;

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

    /// <summary>Who may answer what traffic: of clients at virtual addresses, of clients beyond the cluster, and of those inside at outer addresses.</summary>
    private sealed record Candidates(BackendSet Internal, BackendSet External, BackendSet Cluster);
}

using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Services;

/// <summary>The ways through this node, each made when the first frontend takes it. Used by one loop; counts may be asked from any thread.</summary>
/// <param name="loopTcp">Makes the loop path for TCP; null where the system has none.</param>
/// <param name="loopUdp">Makes the loop path for UDP; null where the system has none.</param>
/// <param name="managedTcp">Makes the managed path for TCP.</param>
/// <param name="managedUdp">Makes the managed path for UDP.</param>
internal sealed class RelaySet(Func<IRelay>? loopTcp, Func<IRelay>? loopUdp, Func<IRelay> managedTcp, Func<IRelay> managedUdp) : IAsyncDisposable
{
    private readonly Dictionary<(ServiceProtocol, ServicePath), IRelay> _relays = [];
    private volatile IRelay[] _made = [];
    private bool _holding;

    /// <summary>Connections and sessions of a protocol being relayed.</summary>
    public int Active(ServiceProtocol protocol)
    {
        var active = 0;
        foreach (var relay in _made)
            if (relay.Protocol == protocol) active += relay.Active;
        return active;
    }

    /// <summary>The way a frontend takes: what its service port asks for, or the best there is.</summary>
    public IRelay For(Frontend frontend)
    {
        var path = Resolve(frontend.Protocol, frontend.Path);
        if (_relays.TryGetValue((frontend.Protocol, path), out var relay)) return relay;
        relay = Make(frontend.Protocol, path);
        if (_holding) relay.Hold();
        if (_made.FirstOrDefault(made => made.Protocol == frontend.Protocol) is { } other)
        {
            // There are two ways for each protocol, so this comes once.
            other.Halve();
            relay.Halve();
        }

        _relays.Add((frontend.Protocol, path), relay);
        _made = [.. _relays.Values];
        return relay;
    }

    /// <summary>Tells every relay of the service port's protocol: its flows may be on more than one while its path changes.</summary>
    public void BackendsChanged(ServiceEntry entry)
    {
        foreach (var relay in _made)
            if (relay.Protocol == entry.Port.Id.Protocol) relay.BackendsChanged(entry);
    }

    /// <summary>Relays made from now on hold back: another process serves still.</summary>
    public void Hold() => _holding = true;

    /// <summary>Ends <see cref="Hold"/>.</summary>
    public void Begin()
    {
        _holding = false;
        foreach (var relay in _made) relay.Begin();
    }

    /// <summary>See <see cref="IRelay.LetGo"/>.</summary>
    public void LetGo()
    {
        foreach (var relay in _made) relay.LetGo();
    }

    /// <summary>Has the flows of all relays rest and tells them.</summary>
    public IReadOnlyList<HandedFlow> SuspendFlows()
    {
        var flows = new List<HandedFlow>();
        foreach (var relay in _made.OfType<IFlowRelay>()) relay.Suspend();
        foreach (var relay in _made.OfType<IFlowRelay>()) flows.AddRange(relay.Flows());
        return flows;
    }

    /// <summary>Ends <see cref="SuspendFlows"/>.</summary>
    public void ResumeFlows()
    {
        foreach (var relay in _made.OfType<IFlowRelay>()) relay.Resume();
    }

    /// <summary>Gives flows of another process to the relays that have their sockets; what is nobody's is closed.</summary>
    public void AdoptFlows(IReadOnlyList<HandedFlow> flows)
    {
        foreach (var relay in _made.OfType<IFlowRelay>()) flows = relay.Adopt(flows);
        foreach (var flow in flows)
            if (flow.Descriptor >= 0) SocketCalls.Close(flow.Descriptor);
    }

    /// <summary>The path that is taken where <paramref name="asked"/> is asked for: the loops where the system has them.</summary>
    public ServicePath Resolve(ServiceProtocol protocol, ServicePath asked)
    {
        var hasLoop = (protocol == ServiceProtocol.Tcp ? loopTcp : loopUdp) is not null;
        return asked == ServicePath.Managed || !hasLoop ? ServicePath.Managed : ServicePath.Loop;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var relay in _made) await relay.DisposeAsync();
    }

    private IRelay Make(ServiceProtocol protocol, ServicePath path) => (protocol, path) switch
    {
        (ServiceProtocol.Tcp, ServicePath.Loop) => loopTcp!(),
        (ServiceProtocol.Udp, ServicePath.Loop) => loopUdp!(),
        (ServiceProtocol.Tcp, _) => managedTcp(),
        _ => managedUdp(),
    };
}

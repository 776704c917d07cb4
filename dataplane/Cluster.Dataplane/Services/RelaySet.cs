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

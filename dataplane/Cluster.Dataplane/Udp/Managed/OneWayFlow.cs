using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>One-way mode: a flow remembers its backend and has no socket of its own.</summary>
internal sealed class OneWayFlow : UdpFlow
{
    public OneWayFlow(UdpFrontend frontend, in UdpSessionKey key, Backend backend, OneWayTarget target, TimeSpan idleTimeout, TimeProvider time)
        : base(frontend, key, backend, idleTimeout, time)
    {
        Target = target;
        backend.State.Opened();
    }

    public override UdpMode Mode => UdpMode.OneWay;

    public OneWayTarget Target { get; }

    protected override void Close() => Backend.State.Closed();
}

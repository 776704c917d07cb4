using System.Net.Sockets;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>One-way mode: a flow keeps its backend, and all flows share one socket of each family. A batch leaves by one call.</summary>
/// <remarks>Used by its loop's thread alone. Per datagram one look-up, and no allocation.</remarks>
internal sealed class OneWayForwarder(LoopFlows flows, ReceiveBatch received, UdpCounts counts) : IDisposable
{
    private readonly OneWaySocket _v4 = new(AddressFamily.InterNetwork, received.Capacity, counts);
    private readonly OneWaySocket _v6 = new(AddressFamily.InterNetworkV6, received.Capacity, counts);

    /// <summary>Passes received datagrams on: a part of the batch that is for one frontend.</summary>
    public void Forward(UdpListener listener, ServiceEntry entry, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            FlowKey key = listener.KeyOf(received, i);
            if (FlowOf(listener, key, entry) is not { } flow)
            {
                counts.Dropped++;
                continue;
            }

            flows.Touch(flow);
            flows.Moved(flow, received[i].Length, 0);
            SocketFor(flow.Backend!).Add(received[i], flow.Backend!);
        }

        _v4.Send();
        _v6.Send();
    }

    public void Dispose()
    {
        _v4.Dispose();
        _v6.Dispose();
    }

    private OneWaySocket SocketFor(Backend backend) => backend.Address.AddressFamily == AddressFamily.InterNetworkV6 ? _v6 : _v4;

    private LoopFlow? FlowOf(UdpListener listener, in FlowKey key, ServiceEntry entry)
    {
        Backend? refusing = null;
        if (flows.Find(key) is { } known)
        {
            bool refused = SocketFor(known.Backend!).Refusals(known.Backend!) != known.RefusalsSeen;
            if (!refused && ReferenceEquals(known.ValidFor, entry)) return known;
            if (!refused && known.Mode == UdpMode.OneWay && entry.Serves(known.Backend!, listener.Frontend.Scope, key.Client))
            {
                known.ValidFor = entry;
                return known;
            }

            refusing = refused ? known.Backend : null;
            refusing?.State.Failed();
            flows.Release(known);
        }

        if (entry.Pick(new PickContext(listener.Frontend.Scope, key.Client, refusing)) is not { } backend) return null;
        LoopFlow? flow = flows.Open(listener, key, UdpMode.OneWay, backend, entry);
        if (flow is not null) flow.RefusalsSeen = SocketFor(backend).Refusals(backend);
        return flow;
    }
}

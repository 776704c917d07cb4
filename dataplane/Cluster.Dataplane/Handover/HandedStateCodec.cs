using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Handover;

/// <summary>Flows, affinities and penalties as they stand in messages.</summary>
internal static class HandedStateCodec
{
    // Bits of a flow's first byte.
    private const byte HasDescriptor = 1;
    private const byte IsAsked = 2;

    public static void Write(HandoverWriter to, HandedFlow flow)
    {
        to.Byte((byte)((flow.Descriptor >= 0 ? HasDescriptor : 0) | (flow.IsAsked ? IsAsked : 0))).Byte((byte)flow.Mode)
            .Long(flow.Listener).Address(new IPEndPoint(flow.Frontend.Address, flow.Frontend.Port))
            .Address(flow.Client).Number(flow.Port).Number(flow.Scope)
            .Address(flow.Local.Address).Number(flow.Local.Interface)
            .Long((ulong)flow.IdleMs);
        Write(to, flow.Backend);
        if (flow.Descriptor >= 0) to.Descriptor(flow.Descriptor);
    }

    /// <param name="from">The message.</param>
    /// <param name="descriptors">Its descriptors, in order.</param>
    /// <param name="next">The first of them that belongs to no flow yet.</param>
    public static HandedFlow ReadFlow(ref HandoverReader from, ReadOnlySpan<int> descriptors, ref int next)
    {
        byte flags = from.Byte();
        var mode = (UdpMode)from.Byte();
        if (!Enum.IsDefined(mode)) throw new HandoverException($"the other process names a mode {mode}");
        ulong listener = from.Long();
        IPEndPoint frontend = from.EndPoint();
        ClientAddress client = from.ClientAddress();
        ushort port = from.Port();
        uint scope = from.Number();
        var local = new PacketSource(from.ClientAddress(), from.Number());
        long idleMs = (long)Math.Min(from.Long(), int.MaxValue);
        HandedBackend backend = ReadBackend(ref from);
        int descriptor = -1;
        if ((flags & HasDescriptor) != 0)
        {
            if (next >= descriptors.Length) throw new HandoverException("a flow of the other process came without its socket");
            descriptor = descriptors[next++];
        }

        return new HandedFlow(
            listener, new Place(frontend.Address, frontend.Port, ServiceProtocol.Udp), client, port, scope, local, mode, (flags & IsAsked) != 0, backend, idleMs, descriptor);
    }

    public static void Write(HandoverWriter to, HandedAffinity affinity)
    {
        to.Text(affinity.Service.Name).Byte((byte)affinity.Service.Protocol).Address(affinity.Client).Long((ulong)affinity.IdleMs);
        Write(to, affinity.Backend);
    }

    public static HandedAffinity ReadAffinity(ref HandoverReader from)
    {
        var service = new ServicePortId(from.Text(), (ServiceProtocol)from.Byte());
        ClientAddress client = from.ClientAddress();
        long idleMs = (long)Math.Min(from.Long(), int.MaxValue);
        return new HandedAffinity(service, client, ReadBackend(ref from), idleMs);
    }

    public static void Write(HandoverWriter to, HandedPenalty penalty)
    {
        to.Text(penalty.Service.Name).Byte((byte)penalty.Service.Protocol).Byte(penalty.IsDown ? (byte)1 : (byte)0).Long((ulong)penalty.PauseMs);
        Write(to, penalty.Backend);
    }

    public static HandedPenalty ReadPenalty(ref HandoverReader from)
    {
        var service = new ServicePortId(from.Text(), (ServiceProtocol)from.Byte());
        bool isDown = from.Byte() != 0;
        long pauseMs = (long)Math.Min(from.Long(), int.MaxValue);
        return new HandedPenalty(service, ReadBackend(ref from), isDown, pauseMs);
    }

    private static void Write(HandoverWriter to, HandedBackend backend) => to.Text(backend.Uid).Address(backend.Address);

    private static HandedBackend ReadBackend(ref HandoverReader from) => new(from.Text(), from.EndPoint());
}

using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Handover;

/// <summary>A UDP flow on its way from one process to the next.</summary>
/// <param name="Listener">The receiving socket, by its cookie: only the loop that reads it meets the client's datagrams.</param>
/// <param name="Frontend">What the client talks to.</param>
/// <param name="Client">The client's address.</param>
/// <param name="Port">The client's port.</param>
/// <param name="Scope">The interface of a link-local client, otherwise 0.</param>
/// <param name="Local">The address of this node the client speaks to, where the socket has several.</param>
/// <param name="Mode">How its service port is balanced.</param>
/// <param name="IsAsked">Per-datagram mode: a question is under way.</param>
/// <param name="Backend">Whom it talks to.</param>
/// <param name="IdleMs">Milliseconds since the last datagram either way.</param>
/// <param name="Descriptor">The socket connected to the backend; -1 for none.</param>
internal sealed record HandedFlow(
    ulong Listener, Place Frontend, ClientAddress Client, ushort Port, uint Scope, PacketSource Local, UdpMode Mode, bool IsAsked, HandedBackend Backend, long IdleMs, int Descriptor);

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>Where programs are attached (linux/bpf.h, <c>enum bpf_attach_type</c>).</summary>
internal enum BpfAttachType : uint
{
    SocketOperations = 3,
    Connect4 = 10,
    Connect6 = 11,
    SendMessage4 = 14,
    SendMessage6 = 15,
    ReceiveMessage4 = 19,
    ReceiveMessage6 = 20,
    GetPeerName4 = 29,
    GetPeerName6 = 30,
    SocketRelease = 34,
    SocketLookup = 36,
}

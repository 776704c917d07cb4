namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>Kinds of maps (linux/bpf.h, <c>enum bpf_map_type</c>).</summary>
internal enum BpfMapType : uint
{
    Hash = 1,
    Array = 2,
    LruHash = 9,
    LpmTrie = 11,
    SockMap = 15,

    /// <summary>A value beside each socket, gone with the socket.</summary>
    SocketStorage = 24,
}

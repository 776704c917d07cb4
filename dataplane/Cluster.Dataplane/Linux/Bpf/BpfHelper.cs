namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>Functions of the kernel that programs call (linux/bpf.h, <c>BPF_FUNC_*</c>). Arguments in R1 to R5, the result in R0.</summary>
internal enum BpfHelper
{
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    KtimeNanoseconds = 5,
    RandomUInt32 = 7,
    SocketCookie = 46,
    SetSocketOperationsFlags = 59,
    SocketRelease = 86,
    SocketStorageGet = 107,
    SocketStorageDelete = 108,
    NetNamespaceCookie = 122,

    /// <summary>bpf_sk_assign: selects the socket of a lookup.</summary>
    AssignSocket = 124,
    SetReturnValue = 187,
}

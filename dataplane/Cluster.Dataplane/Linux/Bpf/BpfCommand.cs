namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>The commands of bpf(2) that we use (linux/bpf.h, <c>enum bpf_cmd</c>).</summary>
internal enum BpfCommand
{
    BPF_MAP_CREATE = 0,
    BPF_MAP_LOOKUP_ELEM = 1,
    BPF_MAP_UPDATE_ELEM = 2,
    BPF_MAP_DELETE_ELEM = 3,
    BPF_MAP_GET_NEXT_KEY = 4,
    BPF_PROG_LOAD = 5,
    BPF_OBJ_PIN = 6,
    BPF_OBJ_GET = 7,
    BPF_OBJ_GET_INFO_BY_FD = 15,
    BPF_BTF_LOAD = 18,
    BPF_LINK_CREATE = 28,
    BPF_LINK_UPDATE = 29,
    BPF_LINK_GET_FD_BY_ID = 30,
    BPF_LINK_GET_NEXT_ID = 31,
    BPF_LINK_DETACH = 34,
}

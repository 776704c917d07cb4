using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>What a loop keeps of one flow: who the client is, which backend it has, and the socket between here and there.</summary>
/// <remarks>
/// In session mode a client's flow has a socket of its own, connected to its backend; in one-way mode it has none; in per-datagram mode it
/// is a socket connected to one backend that carries one client's question after the other's. Pooled by its loop;
/// <see cref="Generation"/> tells events of the flow from those of its predecessor in the same place.
/// </remarks>
internal sealed class LoopFlow(int index)
{
    public int Index { get; } = index;

    public uint Generation { get; private set; }

    public FlowKey Key { get; set; }

    public UdpMode Mode { get; set; }

    /// <summary>Where the client's datagrams come in; null for a flow that is not in use.</summary>
    public UdpListener? Listener { get; set; }

    /// <summary>The socket they come in by, as the kernel names it in every process.</summary>
    public ulong Receiver { get; set; }

    /// <summary>The socket connected to the backend; -1 for none.</summary>
    public int Descriptor { get; set; } = -1;

    /// <summary>Another process has had the socket, and may have it still.</summary>
    public bool IsShared { get; set; }

    public Backend? Backend { get; set; }

    /// <summary>The entry under which the backend was last found serving.</summary>
    public ServiceEntry? ValidFor { get; set; }

    /// <summary>Nothing was sent to the backend yet.</summary>
    public bool IsNew { get; set; }

    /// <summary>False where the way to the backend does not take joined datagrams.</summary>
    public bool Joins { get; set; } = true;

    /// <summary>Turns in a row in which the backend sent something; below zero where looking for more was in vain.</summary>
    public int Streak { get; set; }

    /// <summary>The loop's turn in which it last did.</summary>
    public long LastTurn { get; set; }

    /// <summary>Per-datagram mode: a client's question is under way.</summary>
    public bool IsAsked { get; set; }

    /// <summary>Per-datagram mode: its backend is gone; it ends with the answer.</summary>
    public bool IsRetired { get; set; }

    /// <summary>One-way mode: how often the backend had refused when the flow was given to it.</summary>
    public int RefusalsSeen { get; set; }

    /// <summary>Milliseconds of the loop's clock at the last datagram either way.</summary>
    public long LastUse { get; set; }

    /// <summary>Bytes received from the client since they were last added to its backend's.</summary>
    public long FromClient { get; set; }

    /// <summary>Bytes received from the backend since then.</summary>
    public long FromBackend { get; set; }

    /// <summary>First and last of the datagrams of the batch under way that are for this flow; -1 for none.</summary>
    public int BatchHead { get; set; } = -1;

    public int BatchTail { get; set; } = -1;

    // Its place in the order of last use: see FlowList.
    public FlowList? List { get; set; }

    public LoopFlow? Older { get; set; }

    public LoopFlow? Newer { get; set; }

    public bool IsOpen => Listener is not null;

    /// <summary>Forgets the flow; its socket is closed by then and it stands in no list.</summary>
    public void Clear()
    {
        Key = default;
        Listener = null;
        Descriptor = -1;
        Backend = null;
        ValidFor = null;
        IsNew = IsAsked = IsRetired = false;
        Joins = true;
        Streak = 0;
        BatchHead = BatchTail = -1;
        Generation++;
    }
}

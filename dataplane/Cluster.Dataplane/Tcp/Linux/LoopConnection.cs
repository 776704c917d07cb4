using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>What a loop keeps of one connection: two descriptors, two directions, and while connecting how far that is.</summary>
/// <remarks>Pooled by its loop; <see cref="Generation"/> tells events of the connection from those of its predecessor in the same place.</remarks>
internal sealed class LoopConnection(int index)
{
    public LoopDirection ToBackend;
    public LoopDirection ToClient;

    public int Index { get; } = index;

    public uint Generation { get; private set; }

    public int Client { get; set; } = -1;

    public int BackendSocket { get; set; } = -1;

    public Frontend Frontend { get; set; }

    public ClientAddress ClientAddress { get; set; }

    /// <summary>The backend being connected to; null once connected.</summary>
    public Backend? Connecting { get; set; }

    /// <summary>The backend it counts for; null before one was picked.</summary>
    public Backend? Backend { get; set; }

    /// <summary>Attempts made so far.</summary>
    public int Attempts { get; set; }

    /// <summary>When the attempt under way is given up, in milliseconds of the loop's clock.</summary>
    public long Deadline { get; set; }

    /// <summary>It stands in the loop's list of connections that have more to pass.</summary>
    public bool IsQueued { get; set; }

    public bool IsOpen => Client >= 0;

    public bool IsEnded => ToBackend.Ended && ToClient.Ended;

    /// <summary>No more counts for its backend.</summary>
    public void LeaveBackend()
    {
        Backend?.State.Closed();
        Backend = null;
    }

    /// <summary>Forgets the connection; both descriptors are closed by then.</summary>
    public void Clear()
    {
        ToBackend.Clear();
        ToClient.Clear();
        LeaveBackend();
        Client = BackendSocket = -1;
        Frontend = default;
        Connecting = null;
        Attempts = 0;
        IsQueued = false;
        Generation++;
    }
}

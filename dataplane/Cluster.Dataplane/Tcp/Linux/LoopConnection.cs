using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>What a loop keeps of one connection: two descriptors, two directions, and while connecting how far that is.</summary>
/// <remarks>Pooled by its loop; <see cref="Generation"/> tells events of the connection from those of its predecessor in the same place.</remarks>
internal sealed class LoopConnection(int index)
{
    /// <summary>What its sockets are watched for: all of it, told once a change.</summary>
    public const uint Interest = Epoll.EPOLLIN | Epoll.EPOLLOUT | Epoll.EPOLLPRI | Epoll.EPOLLRDHUP | Epoll.EPOLLET;

    public LoopDirection ToBackend;
    public LoopDirection ToClient;

    public int Index { get; } = index;

    public uint Generation { get; private set; }

    public int Client { get; set; } = -1;

    public int BackendSocket { get; set; } = -1;

    /// <summary>Where it was accepted.</summary>
    public LoopListener? Listener { get; set; }

    public ClientAddress ClientAddress { get; set; }

    public ushort ClientPort { get; set; }

    /// <summary>Its way to a backend; null once that has ended for good.</summary>
    public DialState? Dial { get; set; }

    /// <summary>Keeps what the client sends while that can be replayed; null otherwise.</summary>
    public ReplayBuffer? Replay { get; set; }

    /// <summary>The client's socket tells what happens to it.</summary>
    public bool IsClientWatched { get; set; }

    /// <summary>It stands in the loop's list of connections that have more to pass.</summary>
    public bool IsQueued { get; set; }

    /// <summary>It waits for the answer of <see cref="Backend"/>.</summary>
    public bool IsConnecting { get; set; }

    /// <summary>It has been there for a while and was prepared to stay.</summary>
    public bool IsLasting { get; set; }

    /// <summary>The backend it counts for; null before one was picked.</summary>
    public Backend? Backend { get; set; }

    /// <summary>Set while its bytes go through the ring, and not through epoll.</summary>
    public RingState? Ring { get; set; }

    /// <summary>Turns in which it passed little, for one that passes little for long is better off in the ring.</summary>
    public byte SmallTurns { get; set; }

    /// <summary>A side has ended: no steady state is to be expected any more.</summary>
    public bool StaysOutOfRing { get; set; }

    /// <summary>When the attempt under way is given up, in milliseconds of the loop's clock; afterwards when either side was last heard of.</summary>
    public long Time { get; set; }

    /// <summary>Silence after which it is reset, in milliseconds; 0: never.</summary>
    public uint IdleTimeoutMs { get; set; }

    /// <summary>When it may be ended for its age, in milliseconds of the loop's clock, 0: never; once it is ending, when it is closed.</summary>
    public long EndAt { get; set; }

    /// <summary>It is to be ended at the next moment when nothing is under way.</summary>
    public bool IsEndWanted { get; set; }

    /// <summary>Both sides were told of the end.</summary>
    public bool IsEnding { get; set; }

    /// <summary>The last bytes came from the backend.</summary>
    public bool BackendSpokeLast { get; set; }

    /// <summary>It may be ended where its backend has more than its share.</summary>
    public bool Rebalances { get; set; }

    public bool IsOpen => Client >= 0;

    /// <summary>Adds what it has passed since the last time to its backend's counts.</summary>
    public void CountBytes() => Backend?.State.Moved(ToBackend.TakePassed(), ToClient.TakePassed());

    /// <summary>No more counts for its backend.</summary>
    public void LeaveBackend()
    {
        CountBytes();
        Backend?.State.Closed();
        Backend = null;
    }

    /// <summary>Forgets the connection; both descriptors are closed by then.</summary>
    /// <param name="pipes">Gets back a pipe that still held something.</param>
    public void Clear(PipePool pipes)
    {
        LeaveBackend();
        ToBackend.Clear(pipes);
        ToClient.Clear(pipes);
        Client = BackendSocket = -1;
        Listener = null;
        SmallTurns = 0;
        IdleTimeoutMs = 0;
        EndAt = 0;
        IsEnding = IsEndWanted = BackendSpokeLast = Rebalances = false;
        IsQueued = IsConnecting = IsLasting = StaysOutOfRing = IsClientWatched = false;
        Generation++;
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>Both ends of a load, client and backend, on one thread and one epoll instance.</summary>
/// <remarks>
/// One thread for both ends because two would wake each other for every message, which costs more than the messages: the load must
/// be cheaper than what it measures. Nothing is allocated per operation.
/// </remarks>
internal sealed unsafe class LoadLoop : IDisposable
{
    /// <summary>Room for what one call receives or sends.</summary>
    public const int BufferSize = 128 * 1024;

    private const int MaxEvents = 256;

    // struct epoll_event is packed on x86-64 alone: the data starts at byte 4 there, at byte 8 elsewhere.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventSize = DataOffset + sizeof(ulong);

    private readonly StopSignal _stop;
    private readonly int _epoll;
    private readonly byte* _events = (byte*)NativeMemory.AllocZeroed(MaxEvents * 16);
    private Peer?[] _peers = new Peer?[1024];

    public LoadLoop(StopSignal stop)
    {
        _stop = stop;
        _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        if (_epoll < 0) throw new Win32Exception(Libc.Error);
    }

    public byte* Buffer { get; } = (byte*)NativeMemory.AllocZeroed(BufferSize);

    /// <summary>Called between batches of events; paced loads send from here.</summary>
    public Action? BetweenBatches { get; set; }

    /// <summary>How long it sleeps at most while nothing happens; a paced load sends as late as that.</summary>
    public int WaitMs { get; set; } = 5;

    /// <summary>Spins instead of sleeping, which costs the other side a wake-up and this one its time.</summary>
    public bool Spins { get; set; }

    /// <summary>Share of the last run in which there was something to do: near 1, the load itself is the bottleneck.</summary>
    public double BusyShare { get; private set; }

    /// <summary>Serves events for a time.</summary>
    /// <exception cref="OperationCanceledException">The benchmark was told to stop.</exception>
    public void Run(TimeSpan time)
    {
        long begin = Stopwatch.GetTimestamp();
        long end = begin + (long)(time.TotalSeconds * Stopwatch.Frequency);
        long idle = 0;
        for (long now = begin; now < end;)
        {
            bool waited = Turn() == 0;
            long after = Stopwatch.GetTimestamp();
            if (waited) idle += after - now;
            now = after;
        }

        BusyShare = 1 - ((double)idle / Math.Max(1, end - begin));
    }

    /// <summary>Serves events until a condition holds; false where the time is over first.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        long end = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        while (!condition())
        {
            if (Stopwatch.GetTimestamp() >= end) return false;
            Turn();
        }

        return true;
    }

    public void Watch(Peer peer, uint interest)
    {
        int descriptor = peer.Descriptor;
        if (descriptor >= _peers.Length) Array.Resize(ref _peers, Math.Max(descriptor + 1, _peers.Length * 2));
        _peers[descriptor] = peer;
        Control(Libc.EPOLL_CTL_ADD, descriptor, interest);
    }

    public void Change(Peer peer, uint interest) => Control(Libc.EPOLL_CTL_MOD, peer.Descriptor, interest);

    public void Forget(Peer peer) => _peers[peer.Descriptor] = null;

    public void Dispose()
    {
        foreach (Peer? peer in _peers) peer?.Reset();
        _ = Libc.close(_epoll);
        NativeMemory.Free(_events);
        NativeMemory.Free(Buffer);
    }

    private int Turn()
    {
        _stop.ThrowIfRequested();
        BetweenBatches?.Invoke();
        int count = Libc.epoll_wait(_epoll, _events, MaxEvents, Spins ? 0 : WaitMs);
        for (int i = 0; i < count; i++)
        {
            byte* one = _events + (i * EventSize);
            _peers[*(int*)(one + DataOffset)]?.Ready(*(uint*)one);
        }

        return count;
    }

    private void Control(int operation, int descriptor, uint interest)
    {
        byte* one = stackalloc byte[16];
        *(uint*)one = interest;
        *(ulong*)(one + DataOffset) = (uint)descriptor;
        if (Libc.epoll_ctl(_epoll, operation, descriptor, one) != 0) throw new Win32Exception(Libc.Error);
    }
}

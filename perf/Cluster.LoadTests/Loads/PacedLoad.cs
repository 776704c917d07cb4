using System.Diagnostics;
using Cluster.LoadTests.Linux;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Loads;

/// <summary>Requests at a fixed rate over open connections; each one's latency counts from when it was due. Unit: requests.</summary>
/// <remarks>
/// A request that is late because earlier ones are slow has waited since it was due (no coordinated omission): the schedule never
/// yields to the answers.
/// </remarks>
internal sealed class PacedLoad(LoadLoop loop, LoadTarget target, int connections, int perSecond) : Load(loop, target)
{
    private readonly long _period = Stopwatch.Frequency / perSecond;
    private readonly Stack<Client> _idle = new();
    private long _next;
    private long _started;
    private bool _paused = true;

    public Latencies Latencies { get; } = new();

    public bool IsDrained => _idle.Count == connections;

    public override void Open()
    {
        Acceptor acceptor = null!;
        acceptor = new Acceptor(Loop, () => new Responder(Loop, () => acceptor, closesAfterResponse: false), Libc.EPOLLIN);
        acceptor.Attach(Sockets.Listen(Target.Backend), Libc.EPOLLIN);
        for (int i = 0; i < connections; i++) new Client(Loop, this, new SocketAddressV4(Target.Entry)).Start();
        Loop.BetweenBatches = SendDue;
        Loop.Spins = true;
    }

    /// <summary>Begins the schedule now.</summary>
    public void Resume()
    {
        _next = Stopwatch.GetTimestamp();
        _paused = false;
    }

    /// <summary>Nothing new is due; what was sent may still be answered.</summary>
    public void Pause() => _paused = true;

    private void SendDue()
    {
        if (_paused) return;
        long now = Stopwatch.GetTimestamp();
        while (now >= _next && _idle.TryPop(out Client? client))
        {
            client.Request(_next);
            _started++;
            _next += _period;
        }
    }

    private sealed class Client(LoadLoop loop, PacedLoad load, SocketAddressV4 entry) : Requester(loop, load, entry)
    {
        private long _due;

        public void Request(long due)
        {
            _due = due;
            Send();
        }

        protected override void Responded()
        {
            if (_due != 0)
            {
                load.Latencies.Add(Stopwatch.GetTimestamp() - _due);
                load.CountOperation();
            }

            load._idle.Push(this);
        }
    }
}

using System.Diagnostics;
using System.Net;
using Cluster.LoadTests.Linux;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Failover;

/// <summary>Datagrams of many clients at a fixed rate that nobody answers, each with its number, and the backends that they should reach.</summary>
internal sealed unsafe class DatagramLoad(LoadLoop loop, IPEndPoint entry, IReadOnlyList<IPEndPoint> places, int clients, int perSecond, int most) : IDisposable
{
    private const int ReceiveBuffer = 4 << 20;

    /// <summary>Sent without a look at what has arrived; what waits in a queue meanwhile is less than it holds.</summary>
    private const int MostAtOnce = 64;

    /// <summary>What is due since longer is not sent at once: a burst after a stop would be lost in queues, and that is not what is looked at.</summary>
    private static readonly long MostLate = Stopwatch.Frequency / 1000;

    private readonly List<int> _clients = [];
    private readonly List<Backend> _backends = [];
    private readonly List<long> _sentAt = new(most);
    private readonly bool[] _arrived = new bool[most];
    private readonly long _period = Stopwatch.Frequency / perSecond;
    private long _next = long.MaxValue;

    /// <summary>When each was sent.</summary>
    public IReadOnlyList<long> SentAt => _sentAt;

    /// <summary>Which have arrived.</summary>
    public IReadOnlyList<bool> Arrived => _arrived;

    public void Open()
    {
        foreach (IPEndPoint place in places)
        {
            var backend = new Backend(loop, this);
            backend.Attach(Sockets.BindUdp(place, ReceiveBuffer), Libc.EPOLLIN);
            _backends.Add(backend);
        }

        for (int i = 0; i < clients; i++) _clients.Add(Sockets.ConnectUdp(new SocketAddressV4(entry)));
        loop.BetweenBatches = SendDue;
    }

    public void Resume() => _next = Stopwatch.GetTimestamp();

    public void Pause() => _next = long.MaxValue;

    /// <summary>What the kernel does to the socket of a process that is killed.</summary>
    public void Kill(int backend) => _backends[backend].Close();

    public void Dispose()
    {
        foreach (int client in _clients) _ = Libc.close(client);
    }

    private void SendDue()
    {
        _next = Math.Max(_next, Stopwatch.GetTimestamp() - MostLate);
        for (int i = 0; i < MostAtOnce && _sentAt.Count < most; i++)
        {
            long now = Stopwatch.GetTimestamp();
            if (now < _next) return;
            *(int*)loop.Buffer = _sentAt.Count;
            // A refusal that an earlier one met is told by this call, which sends nothing then: once more.
            int client = _clients[_sentAt.Count % _clients.Count];
            if (Libc.send(client, loop.Buffer, Load.DatagramSize, Libc.MSG_NOSIGNAL) < 0) _ = Libc.send(client, loop.Buffer, Load.DatagramSize, Libc.MSG_NOSIGNAL);
            _sentAt.Add(now);
            _next += _period;
        }
    }

    private sealed class Backend(LoadLoop loop, DatagramLoad load) : Peer(loop)
    {
        public override void Ready(uint events)
        {
            while (Libc.recv(Descriptor, Loop.Buffer, LoadLoop.BufferSize, Libc.MSG_DONTWAIT) >= sizeof(int))
            {
                int number = *(int*)Loop.Buffer;
                if ((uint)number < (uint)load._arrived.Length) load._arrived[number] = true;
            }
        }
    }
}

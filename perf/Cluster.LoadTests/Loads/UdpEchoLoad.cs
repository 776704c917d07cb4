using System.Diagnostics;
using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>Clients that send a datagram and wait for its echo, one at a time each. Unit: round trips.</summary>
internal sealed unsafe class UdpEchoLoad(LoadLoop loop, LoadTarget target, int clients) : Load(loop, target)
{
    private const int ReceiveBuffer = 4 * 1024 * 1024;
    private static readonly long LossTimeout = Stopwatch.Frequency / 10;

    private readonly List<Client> _clients = [];
    private readonly DatagramBatch _batch = new(64, 2048, addressed: true);
    private long _nextLook;

    public override void Open()
    {
        new Backend(Loop, _batch).Attach(Sockets.BindUdp(Target.Backend, ReceiveBuffer), Libc.EPOLLIN);
        for (int i = 0; i < clients; i++)
        {
            var client = new Client(Loop, this);
            client.Attach(Sockets.ConnectUdp(new SocketAddressV4(Target.Entry)), Libc.EPOLLIN);
            _clients.Add(client);
            client.Send();
        }

        Loop.BetweenBatches = SendLostAgain;
    }

    public override void Dispose()
    {
        _batch.Dispose();
        base.Dispose();
    }

    private void SendLostAgain()
    {
        long now = Stopwatch.GetTimestamp();
        if (now < _nextLook) return;
        _nextLook = now + (LossTimeout / 5);
        foreach (Client client in _clients)
        {
            if (now - client.SentAt < LossTimeout) continue;
            CountFailures(1);
            client.Send();
        }
    }

    private sealed class Backend(LoadLoop loop, DatagramBatch batch) : Peer(loop)
    {
        public override void Ready(uint events) => batch.SendBack(Descriptor, batch.Receive(Descriptor));
    }

    private sealed class Client(LoadLoop loop, UdpEchoLoad load) : Peer(loop)
    {
        public long SentAt { get; private set; }

        public override void Ready(uint events)
        {
            // An error (port unreachable) is taken here and counted by the timeout.
            if (Libc.recv(Descriptor, Loop.Buffer, LoadLoop.BufferSize, 0) < 0) return;
            load.CountOperation();
            Send();
        }

        public void Send()
        {
            SentAt = Stopwatch.GetTimestamp();
            _ = Libc.send(Descriptor, Loop.Buffer, DatagramSize, Libc.MSG_NOSIGNAL);
        }
    }
}

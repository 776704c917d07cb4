using System.Diagnostics;
using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>Clients that send datagrams which nobody answers. Unit: datagrams that reached the backend.</summary>
/// <remarks>
/// A bounded number is under way at a time, below what a receive buffer of the default size holds: what is measured is how many get
/// through, and not how a flood is dropped.
/// </remarks>
internal sealed class UdpOneWayLoad(LoadLoop loop, LoadTarget target, int clients) : Load(loop, target)
{
    private const int Window = 192;
    private const int BatchSize = 32;
    private const int ReceiveBuffer = 4 * 1024 * 1024;
    private static readonly long LossTimeout = Stopwatch.Frequency / 50;

    private readonly List<int> _clients = [];
    private readonly DatagramBatch _sent = new(BatchSize, DatagramSize, addressed: false);
    private readonly DatagramBatch _received = new(64, 2048, addressed: false);
    private int _underWay;
    private int _turn;
    private long _progressAt;

    public override void Open()
    {
        new Backend(Loop, this).Attach(Sockets.BindUdp(Target.Backend, ReceiveBuffer), Libc.EPOLLIN);
        for (int i = 0; i < clients; i++) _clients.Add(Sockets.ConnectUdp(new SocketAddressV4(Target.Entry)));
        _progressAt = Stopwatch.GetTimestamp();
        Loop.BetweenBatches = Fill;
    }

    public override void Dispose()
    {
        foreach (int descriptor in _clients) _ = Libc.close(descriptor);
        _sent.Dispose();
        _received.Dispose();
        base.Dispose();
    }

    private void Fill()
    {
        GiveUpLost();
        while (_underWay + BatchSize <= Window)
        {
            int count = _sent.Send(_clients[_turn++ % _clients.Count], BatchSize, DatagramSize);
            if (count == 0) return;
            _underWay += count;
        }
    }

    private void GiveUpLost()
    {
        if (_underWay == 0 || Stopwatch.GetTimestamp() - _progressAt < LossTimeout) return;
        CountFailures(_underWay);
        _underWay = 0;
        _progressAt = Stopwatch.GetTimestamp();
    }

    private void Arrived(int count)
    {
        if (count == 0) return;
        Operations += count;
        _underWay = Math.Max(0, _underWay - count);
        _progressAt = Stopwatch.GetTimestamp();
    }

    private sealed class Backend(LoadLoop loop, UdpOneWayLoad load) : Peer(loop)
    {
        public override void Ready(uint events) => load.Arrived(load._received.Receive(Descriptor));
    }
}

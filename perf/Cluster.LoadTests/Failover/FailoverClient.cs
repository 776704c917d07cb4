using Cluster.LoadTests.Linux;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Failover;

/// <summary>One request over one connection; used again for another when it has ended.</summary>
internal sealed unsafe class FailoverClient(LoadLoop loop, FailoverLoad load) : Peer(loop)
{
    private int _received;
    private bool _sent;

    /// <summary>When its request was due.</summary>
    public long Began { get; private set; }

    public bool IsUnderWay => Descriptor >= 0;

    public void Begin(SocketAddressV4 entry, long due)
    {
        Began = due;
        _received = 0;
        _sent = false;
        int descriptor = Sockets.Connect(entry);
        if (descriptor < 0)
        {
            load.Note(this, FailoverOutcome.ConnectFailed);
            return;
        }

        // On loopback the handshake is mostly over by now.
        Attach(descriptor, Libc.EPOLLIN);
        TrySend();
        if (IsUnderWay && !_sent) Loop.Change(this, Libc.EPOLLIN | Libc.EPOLLOUT);
    }

    public override void Ready(uint events)
    {
        if (!_sent)
        {
            TrySend();
            if (!_sent) return;
            Loop.Change(this, Libc.EPOLLIN);
        }

        nint count = Libc.recv(Descriptor, Loop.Buffer, LoadLoop.BufferSize, 0);
        if (count > 0)
        {
            _received += (int)count;
            if (_received >= Load.ResponseSize) End(FailoverOutcome.Answered);
        }
        else if (count == 0 || Libc.Error != Libc.EAGAIN)
        {
            End(FailoverOutcome.RequestFailed);
        }
    }

    public void GiveUp() => End(_sent ? FailoverOutcome.RequestFailed : FailoverOutcome.ConnectFailed);

    private void TrySend()
    {
        if (Libc.send(Descriptor, Loop.Buffer, Load.RequestSize, Libc.MSG_NOSIGNAL) == Load.RequestSize) _sent = true;
        else if (Libc.Error is not (Libc.EAGAIN or Libc.ENOTCONN)) End(FailoverOutcome.ConnectFailed);
    }

    private void End(FailoverOutcome outcome)
    {
        Close();
        load.Note(this, outcome);
    }
}

using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>The client's side of a connection: sends requests and counts the bytes of responses.</summary>
internal abstract unsafe class Requester(LoadLoop loop, Load load, SocketAddressV4 entry) : Peer(loop)
{
    private int _received;
    private bool _sendWaits;

    protected Load Load { get; } = load;

    /// <summary>Connects, and sends the first request where <paramref name="send"/> says so.</summary>
    public void Start(bool send = true)
    {
        _received = 0;
        int descriptor = Sockets.Connect(entry);
        if (descriptor < 0)
        {
            Load.CountFailures(1);
            return;
        }

        // On loopback the handshake is over when the call returns, so that most requests can follow at once.
        _sendWaits = send && Libc.send(descriptor, Loop.Buffer, Load.RequestSize, Libc.MSG_NOSIGNAL) < 0;
        Attach(descriptor, _sendWaits ? Libc.EPOLLIN | Libc.EPOLLOUT : Libc.EPOLLIN);
    }

    public override void Ready(uint events)
    {
        if (_sendWaits && (events & Libc.EPOLLOUT) != 0)
        {
            _sendWaits = false;
            Loop.Change(this, Libc.EPOLLIN);
            Send();
        }

        Receive();
    }

    protected void Send()
    {
        if (Libc.send(Descriptor, Loop.Buffer, Load.RequestSize, Libc.MSG_NOSIGNAL) < 0) Broken();
    }

    /// <summary>A whole response is in.</summary>
    protected abstract void Responded();

    /// <summary>The backend closed; an error unless a load expects it.</summary>
    protected virtual void Ended() => Broken();

    protected void Receive()
    {
        nint count = Libc.recv(Descriptor, Loop.Buffer, LoadLoop.BufferSize, 0);
        if (count > 0)
        {
            _received += (int)count;
            if (_received < Load.ResponseSize) return;
            _received -= Load.ResponseSize;
            Responded();
        }
        else if (count == 0)
        {
            Ended();
        }
        else if (Libc.Error != Libc.EAGAIN)
        {
            Broken();
        }
    }

    private void Broken()
    {
        Load.CountFailures(1);
        Close();
        Start();
    }
}

using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>The backend's side of a connection: a response for each request.</summary>
internal sealed unsafe class Responder(LoadLoop loop, Func<Acceptor> acceptor, bool closesAfterResponse) : Peer(loop)
{
    private int _received;

    public override void Ready(uint events)
    {
        nint count = Libc.recv(Descriptor, Loop.Buffer, LoadLoop.BufferSize, 0);
        if (count <= 0)
        {
            if (count == 0 || Libc.Error != Libc.EAGAIN) End();
            return;
        }

        _received += (int)count;
        while (_received >= Load.RequestSize)
        {
            _received -= Load.RequestSize;
            _ = Libc.send(Descriptor, Loop.Buffer, Load.ResponseSize, Libc.MSG_NOSIGNAL);
            if (!closesAfterResponse) continue;
            End();
            return;
        }
    }

    private void End()
    {
        _received = 0;
        Close();
        acceptor().Return(this);
    }
}

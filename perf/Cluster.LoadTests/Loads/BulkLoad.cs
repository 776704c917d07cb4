using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>A few connections over which the backend sends as fast as it can. Unit: bytes.</summary>
internal sealed unsafe class BulkLoad(LoadLoop loop, LoadTarget target, int connections) : Load(loop, target)
{
    public override void Open()
    {
        var acceptor = new Acceptor(Loop, () => new Source(Loop), Libc.EPOLLOUT);
        acceptor.Attach(Sockets.Listen(Target.Backend), Libc.EPOLLIN);
        for (int i = 0; i < connections; i++)
        {
            int descriptor = Sockets.Connect(new SocketAddressV4(Target.Entry));
            if (descriptor >= 0) new Sink(Loop, this).Attach(descriptor, Libc.EPOLLIN);
            else CountFailures(1);
        }
    }

    private sealed class Source(LoadLoop loop) : Peer(loop)
    {
        public override void Ready(uint events)
        {
            if (Libc.send(Descriptor, Loop.Buffer, LoadLoop.BufferSize, Libc.MSG_NOSIGNAL) < 0 && Libc.Error != Libc.EAGAIN) Close();
        }
    }

    private sealed class Sink(LoadLoop loop, BulkLoad load) : Peer(loop)
    {
        public override void Ready(uint events)
        {
            nint count = Libc.recv(Descriptor, Loop.Buffer, LoadLoop.BufferSize, 0);
            if (count > 0)
            {
                load.Operations += count;
            }
            else if (count == 0 || Libc.Error != Libc.EAGAIN)
            {
                load.CountFailures(1);
                Close();
            }
        }
    }
}

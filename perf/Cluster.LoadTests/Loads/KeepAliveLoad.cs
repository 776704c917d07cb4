using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>Connections that stay open and carry one request after another. Unit: requests.</summary>
internal sealed class KeepAliveLoad(LoadLoop loop, LoadTarget target, int connections) : Load(loop, target)
{
    public override void Open()
    {
        Acceptor acceptor = null!;
        acceptor = new Acceptor(Loop, () => new Responder(Loop, () => acceptor, closesAfterResponse: false), Libc.EPOLLIN);
        acceptor.Attach(Sockets.Listen(Target.Backend), Libc.EPOLLIN);
        for (int i = 0; i < connections; i++) new Client(Loop, this, new SocketAddressV4(Target.Entry)).Start();
    }

    private sealed class Client(LoadLoop loop, Load load, SocketAddressV4 entry) : Requester(loop, load, entry)
    {
        protected override void Responded()
        {
            Load.CountOperation();
            Send();
        }
    }
}

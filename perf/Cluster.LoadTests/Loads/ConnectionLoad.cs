using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>A connection for each request; the backend closes after its response. Unit: connections.</summary>
internal sealed class ConnectionLoad(LoadLoop loop, LoadTarget target, int concurrency) : Load(loop, target)
{
    public override void Open()
    {
        Acceptor acceptor = null!;
        acceptor = new Acceptor(Loop, () => new Responder(Loop, () => acceptor, closesAfterResponse: true), Libc.EPOLLIN);
        acceptor.Attach(Sockets.Listen(Target.Backend), Libc.EPOLLIN);
        for (int i = 0; i < concurrency; i++) new Client(Loop, this, new SocketAddressV4(Target.Entry)).Start();
    }

    private sealed class Client(LoadLoop loop, Load load, SocketAddressV4 entry) : Requester(loop, load, entry)
    {
        private bool _responded;

        protected override void Responded()
        {
            _responded = true;
            // The end is mostly right behind the response.
            Receive();
        }

        protected override void Ended()
        {
            if (_responded) Load.CountOperation();
            else Load.CountFailures(1);
            _responded = false;
            Close();
            Start();
        }
    }
}

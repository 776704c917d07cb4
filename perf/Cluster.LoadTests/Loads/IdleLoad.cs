using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>Opens connections that carry one request each and then rest. Unit: connections that were answered.</summary>
internal sealed class IdleLoad(LoadLoop loop, LoadTarget target) : Load(loop, target)
{
    /// <summary>Connections that are begun and not answered yet; below any listener's backlog.</summary>
    private const int Concurrency = 64;

    private readonly List<Client> _clients = [];

    /// <summary>Connections to be open; may grow.</summary>
    public int Connections { get; set; }

    public bool IsComplete => Operations >= Connections;

    public override void Open()
    {
        Acceptor acceptor = null!;
        acceptor = new Acceptor(Loop, () => new Responder(Loop, () => acceptor, closesAfterResponse: false), Libc.EPOLLIN);
        acceptor.Attach(Sockets.Listen(Target.Backend), Libc.EPOLLIN);
        Loop.BetweenBatches = OpenSome;
    }

    private void OpenSome()
    {
        while (_clients.Count < Connections && _clients.Count - Operations < Concurrency)
        {
            var client = new Client(Loop, this, new SocketAddressV4(Target.Entry));
            _clients.Add(client);
            client.Start();
        }
    }

    private sealed class Client(LoadLoop loop, Load load, SocketAddressV4 entry) : Requester(loop, load, entry)
    {
        protected override void Responded() => Load.CountOperation();
    }
}

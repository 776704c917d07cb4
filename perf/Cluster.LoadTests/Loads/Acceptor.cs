using Cluster.LoadTests.Linux;

namespace Cluster.LoadTests.Loads;

/// <summary>The backend's listener: hands each connection to a peer from a pool.</summary>
internal sealed class Acceptor(LoadLoop loop, Func<Peer> make, uint interest) : Peer(loop)
{
    private readonly Stack<Peer> _pool = new();

    public override void Ready(uint events)
    {
        int descriptor;
        while ((descriptor = Sockets.Accept(Descriptor)) >= 0) (_pool.TryPop(out Peer? peer) ? peer : make()).Attach(descriptor, interest);
    }

    /// <summary>Takes back a peer whose connection is closed.</summary>
    public void Return(Peer peer) => _pool.Push(peer);
}

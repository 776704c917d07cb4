using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Tests.Tcp;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>The same conversations where nothing stands between client and backend: sockets are connected to it from the start.</summary>
[Collection(nameof(Alone))]
public sealed class ConnectIntegrityTests : IntegrityTests
{
    public ConnectIntegrityTests()
        : base(backends => new Rig(backends)) => Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");

    private sealed class Rig : IConversationRig
    {
        private readonly SocketLbRig _rig = new();

        public Rig(IPEndPoint[] backends) => _rig.Set(_rig.Port(10), backends);

        public int ActiveConnections => (int)_rig.Balancer.Counters().Single().Sockets.Active;

        public int BackendConnections => ActiveConnections;

        public async Task<Socket> ConnectAsync()
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(_rig.Vip(10), 80);
            return socket;
        }

        public ValueTask DisposeAsync() => _rig.DisposeAsync();
    }
}

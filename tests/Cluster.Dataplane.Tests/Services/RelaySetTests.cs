using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Services;

public sealed class RelaySetTests
{
    private static readonly Frontend Plain = new(new ServicePortId("ns/a", ServiceProtocol.Tcp), 0, IPAddress.Loopback, 80, TrafficScope.Internal);

    [Fact]
    public async Task For_TwoWaysOfAProtocol_EachHasHalfOnce()
    {
        var (loop, managed, udp) = (new FakeRelay(ServiceProtocol.Tcp), new FakeRelay(ServiceProtocol.Tcp), new FakeRelay(ServiceProtocol.Udp));
        await using var relays = new RelaySet(() => loop, () => udp, () => managed, () => throw new InvalidOperationException("nobody asks for it"));
        relays.For(Plain);
        relays.For(Plain with { Id = new ServicePortId("ns/a", ServiceProtocol.Udp) });
        Assert.Equal((0, 0), (loop.Halved, udp.Halved));

        relays.For(Plain with { Path = ServicePath.Managed });
        relays.For(Plain with { Path = ServicePath.Managed });
        Assert.Equal((1, 1, 0), (loop.Halved, managed.Halved, udp.Halved));
    }

    private sealed class FakeRelay(ServiceProtocol protocol) : IRelay
    {
        public int Halved { get; private set; }

        public ServiceProtocol Protocol => protocol;

        public int Active => 0;

        public void Halve() => Halved++;

        public FrontendResult Open(Frontend frontend) => FrontendResult.Opened;

        public void Close(Frontend frontend)
        {
        }

        public void Hold()
        {
        }

        public void Begin()
        {
        }

        public void LetGo()
        {
        }

        public void BackendsChanged(ServiceEntry entry)
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

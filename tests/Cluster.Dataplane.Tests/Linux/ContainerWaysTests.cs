using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Clients and servers in containers of a real engine, on a bridge and in the host's network, over each way through the node.</summary>
public abstract class ContainerWaysTests(Containers containers)
{
    private const int Clients = 20;

    /// <summary>From which container, by UDP or not, over IPv6 or not.</summary>
    public static TheoryData<string, bool, bool> Ways { get; } = new(
        from container in new[] { "bridge", "host" }
        from udp in new[] { false, true }
        from v6 in new[] { false, true }
        select (container, udp, v6));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Service_FromAContainerToBoth_IsSpreadEvenly(string container, bool udp, bool v6)
    {
        Assert.SkipUnless(containers.CanRun, Containers.WhyNot);
        var backends = await containers.ServeAsync(udp, v6);
        await using var way = await StartAsync(udp, v6, backends);
        var answers = containers.Ask(container, udp, way.Place, Clients);
        Assert.Equal([("bridge", Clients / 2), ("host", Clients / 2)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
        way.AssertTaken(Clients);
    }

    private protected abstract Task<Way> StartAsync(bool udp, bool v6, IPEndPoint[] backends);

    private protected static async Task<Way> StartAsync(Capture capture, bool udp, bool v6, IPEndPoint[] backends, ServicePath path = ServicePath.Auto)
    {
        var rig = await new DataplaneRig(capture: capture).StartAsync();
        await rig.SetAsync(rig.Port(10, 80, udp ? ServiceProtocol.Udp : ServiceProtocol.Tcp, path: path), backends);
        return new Way(new IPEndPoint(v6 ? rig.Vip6(10) : rig.Vip(10), 80), rig, _ => { });
    }

    /// <summary>A service on one way.</summary>
    /// <param name="Place">Where it is reached.</param>
    /// <param name="Rig">What makes it so.</param>
    /// <param name="AssertTaken">Asserts that so many clients came this way and no other.</param>
    private protected sealed record Way(IPEndPoint Place, IAsyncDisposable Rig, Action<int> AssertTaken) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Rig.DisposeAsync();
    }
}

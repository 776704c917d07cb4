using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Tests.Dns;
using Cluster.Testing;

namespace Cluster.Proxy.Tests;

/// <summary>A node's proxy takes over from another, with everything it does: services by steering and by sockets of their own, DNS, health.</summary>
public sealed class TakeOverTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Run_OneTakesOverFromTheOther_NobodyIsRefusedAndTheOldOneEnds()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        using var folder = new TempDirectory();
        int port = FreePort.Tcp(), nodePort = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.21", port);
        var rig = new ProxyRig();
        // Clients of this host take the relays: the connect-time path needs no process at all.
        rig = new ProxyRig { Options = rig.Options with { ConnectTime = false }, Handover = folder.File("handover") };
        var vip = rig.Options.DnsAddress!.Address.ToString()[..^2] + "10";
        rig.Api.Seed(Make.Service("web", vip, Make.Port(80, nodePort: nodePort)));
        rig.Api.Seed(Make.Slice("web", port, Make.Endpoint("127.0.0.21", uid: "a")));
        // A pod that tells which port a datagram came from.
        using var pod = new UdpClient(new IPEndPoint(IPAddress.Parse("127.0.0.21"), port));
        var telling = TellPortsAsync(pod);
        rig.Api.Seed(Make.Service("sessions", vip[..^2] + "11", Make.Port(514, protocol: "UDP")));
        rig.Api.Seed(Make.Slice("sessions", [Make.EndpointPort(port, protocol: "UDP")], Make.Endpoint("127.0.0.21", uid: "a")));
        await rig.StartAsync();
        using var done = new CancellationTokenSource();
        using var session = new UdpClient();
        session.Connect(IPAddress.Parse(vip[..^2] + "11"), 514);
        await Eventually.True(async () => await AskPortAsync(session, TimeSpan.FromSeconds(1)) is not null);
        var source = await AskPortAsync(session, Patience);
        var load = new List<Task<int>>
        {
            OverAndOverAsync(() => AskAsync(IPAddress.Parse(vip), 80), done.Token),
            OverAndOverAsync(() => AskAsync(IPAddress.Parse(vip), 80), done.Token),
            OverAndOverAsync(() => AskAsync(IPAddress.Loopback, nodePort), done.Token),
            OverAndOverAsync(async () => Assert.Equal(source, await AskPortAsync(session, Patience)), done.Token),
            OverAndOverAsync(() => ResolveAsync(rig.Options.DnsAddress!), done.Token),
            OverAndOverAsync(() => CheckHealthAsync(rig.Options.Health!), done.Token),
        };
        try
        {
            // One time alone: a third process would have, by its number, a descriptor that the runtime of the first watches still, and here all
            // have one runtime. Real processes, one after the other, are RestartTests'.
            var next = new ProxyRig(rig.Api) { Options = rig.Options, Handover = rig.Handover };
            await next.StartAsync();
            // Without connections it has nothing left to do.
            await rig.Running.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            rig = next;
            // The new one follows the API.
            rig.Api.Seed(Make.Service("more", vip[..^2] + "20", Make.Port(80)));
            rig.Api.Seed(Make.Slice("more", port, Make.Endpoint("127.0.0.21", uid: "a")));
            await Eventually.True(async () => await ProxyRig.AskAsync(IPAddress.Parse(vip[..^2] + "20"), 80) == "a");
            Assert.All(load, client => Assert.False(client.IsCompleted, client.Exception?.ToString()));
            await done.CancelAsync();
            Assert.All(await Task.WhenAll(load), count => Assert.True(count > 0));
        }
        finally
        {
            await done.CancelAsync();
            await rig.DisposeAsync();
        }

        pod.Dispose();
        await telling;
    }

    [Fact]
    public async Task Run_PortsInUseWithoutAHandover_EndsAndLeavesTheOtherServing()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.22", port);
        await using var rig = new ProxyRig();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80)));
        rig.Api.Seed(Make.Slice("web", port, Make.Endpoint("127.0.0.22", uid: "a")));
        await rig.StartAsync();
        var other = new ProxyRig(rig.Api) { Options = rig.Options };
        await Assert.ThrowsAsync<InvalidOperationException>(other.StartAsync);
        Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip(10), 80));
    }

    [Fact]
    public async Task Run_BesideAnotherOfThisNode_IsRefusedUntilThatEnds()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        var port = FreePort.Tcp();
        await using var a = new NamedServer("a", "127.0.0.23", port);
        var rig = new ProxyRig();
        rig.Api.Seed(Make.Service("web", rig.Vip(10).ToString(), Make.Port(80)));
        rig.Api.Seed(Make.Slice("web", port, Make.Endpoint("127.0.0.23", uid: "a")));
        await rig.StartAsync();
        // Ports, folders and DNS of its own: nothing else would keep it from the routes and rules of the first.
        var options = rig.Options with
        {
            Health = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp()), Metrics = null, DnsAddress = null, PinPath = rig.Options.PinPath + "-other",
        };
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(new ProxyRig(rig.Api) { Options = options }.StartAsync);
        Assert.StartsWith($"another proxy (process {Environment.ProcessId}) serves this node already, by the table {options.Table}: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip(10), 80));

        await rig.StopAsync();
        await using (var next = new ProxyRig(rig.Api) { Options = rig.Options })
        {
            await next.StartAsync();
            Assert.Equal("a", await ProxyRig.AskAsync(rig.Vip(10), 80));
        }

        await rig.DisposeAsync();
    }

    // Any failure ends it, and the test.
    private static async Task<int> OverAndOverAsync(Func<Task> once, CancellationToken done)
    {
        var count = 0;
        while (!done.IsCancellationRequested)
        {
            await once();
            count++;
            await Task.Delay(2, CancellationToken.None);
        }

        return count;
    }

    private static async Task AskAsync(IPAddress address, int port)
    {
        using var client = new TcpClient(address.AddressFamily);
        await client.ConnectAsync(address, port).WaitAsync(Patience);
        Assert.Equal("a", await new StreamReader(client.GetStream()).ReadToEndAsync().WaitAsync(Patience));
    }

    private static async Task TellPortsAsync(UdpClient pod)
    {
        try
        {
            while (true)
            {
                var asked = await pod.ReceiveAsync();
                await pod.SendAsync(BitConverter.GetBytes(asked.RemoteEndPoint.Port), asked.RemoteEndPoint);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    // The port the pod sees; null where nothing came.
    private static async Task<int?> AskPortAsync(UdpClient session, TimeSpan patience)
    {
        try
        {
            await session.SendAsync("who"u8.ToArray());
            using var limit = new CancellationTokenSource(patience);
            return BitConverter.ToInt32((await session.ReceiveAsync(limit.Token)).Buffer);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task ResolveAsync(IPEndPoint server)
    {
        using var client = new UdpClient();
        client.Connect(server);
        await client.SendAsync(DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A));
        var answer = await client.ReceiveAsync().WaitAsync(Patience);
        Assert.Single(DnsMessage.Parse(answer.Buffer).Answers);
    }

    private static async Task CheckHealthAsync(IPEndPoint health)
    {
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"http://{health}/readyz")).WaitAsync(Patience)).StatusCode);
    }
}

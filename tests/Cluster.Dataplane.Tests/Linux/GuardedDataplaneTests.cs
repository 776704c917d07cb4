using System.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>The data plane where nftables guards virtual addresses.</summary>
public sealed class GuardedDataplaneTests() : NodeDataplaneTests(Capture.Guard)
{
    [Fact]
    public async Task Set_PortTakenByTheHost_IsReportedAndServedOnceFree()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var rig = await new DataplaneRig().StartAsync();
        var taken = new TcpBackend(TcpBackend.EchoAsync, IPAddress.Any);
        var port = taken.EndPoint.Port;
        await rig.SetAsync(rig.Port(10, port), a.EndPoint);
        var (frontend, result) = rig.Reports.First(report => report.Frontend.Address.Equals(rig.Vip(10)));
        Assert.Equal((port, FrontendError.PortInUse), (frontend.Port, result.Error));

        await taken.DisposeAsync();
        await Eventually.True(() => rig.Reports.Any(report => report.Result.IsOpen), "the frontend to be opened");
        Assert.Equal("a", await DataplaneRig.AskTcpAsync(Stream(From.Host, null), new IPEndPoint(rig.Vip(10), port)));
    }

    [Fact]
    public async Task Start_WhereBpfIsNotToBeHad_FallsBackToTheGuardAndSaysWhy()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var everywhere = new TcpBackend(socket => socket.SendAllAsync("host"), IPAddress.Any);
        var number = new DataplaneRig().Number;
        var log = new Lines();
        var options = new Cluster.Dataplane.Linux.LinuxAddressOptions
        {
            Ranges = [IPNetwork.Parse($"10.198.{number}.0/24")], Table = $"cluster_test_{number}", RouteProtocol = 225, PinPath = "/proc/no-place-for-bpf",
        };
        var addresses = new Cluster.Dataplane.Linux.LinuxVirtualAddresses(options, log);
        await using (var dataplane = new NodeDataplane(new DataplaneOptions(), addresses, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, TimeProvider.System))
        {
            await dataplane.StartAsync([], CancellationToken.None);
            Assert.Null(addresses.Steering);
            Assert.Contains(log.All, line => line.StartsWith("BPF does not select", StringComparison.Ordinal) && line.Contains("/proc/no-place-for-bpf", StringComparison.Ordinal));
            var vip = IPAddress.Parse($"10.198.{number}.10");
            dataplane.Directory.Set(new ServicePort(new ServicePortId("test/a", ServiceProtocol.Tcp), 80) { VirtualAddresses = [vip] }, [new Backend("a", a.EndPoint)]);
            await dataplane.Publish();
            Assert.Equal("a", await DataplaneRig.AskTcpAsync(Stream(From.Host, null), new IPEndPoint(vip, 80)));
            await AssertRefusedAsync(Stream(From.Host, null), new IPEndPoint(vip, everywhere.EndPoint.Port));
        }

        await addresses.RemoveAsync(CancellationToken.None);
    }
}

using System.Diagnostics;
using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.SocketLb;

/// <summary>The whole size the product promises: times are printed, not asserted.</summary>
[Collection(nameof(Alone))]
public sealed class ScaleTests(ITestOutputHelper output)
{
    private const int Services = 10_000;
    private const int BackendsEach = 10;

    [Fact]
    public async Task TenThousandServices_LoadAndChange()
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        await using var backend = SocketLbRig.Named("a");
        await using var rig = new SocketLbRig(pinned: true, configure: options => options with { MaxServices = 16_384, MaxBackends = 131_072, MaxSlots = 524_288 });
        var before = Environment.WorkingSet;
        for (var i = 0; i < Services; i++) rig.Directory.Set(Port(rig, i), Backends(i, BackendsEach));
        var changes = rig.Directory.Publish();
        var started = Stopwatch.GetTimestamp();
        rig.Balancer.Apply(changes);
        output.WriteLine($"{Services} services x {BackendsEach} backends applied in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F1} ms, working set +{(Environment.WorkingSet - before) >> 20} MB");
        Assert.Null(rig.Balancer.WhyNot(Port(rig, Services - 1).Id));
        Assert.Equal(Services, rig.Balancer.Counters().Count);

        var times = new List<double>();
        for (var i = 0; i < 1000; i++)
        {
            rig.Directory.Set(Port(rig, i * 7), Backends(i * 7, BackendsEach - (i % 2)));
            changes = rig.Directory.Publish();
            started = Stopwatch.GetTimestamp();
            rig.Balancer.Apply(changes);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        }

        times.Sort();
        output.WriteLine($"a change of one backend: p50 {times[500]:F1} us, p99 {times[990]:F1} us, most {times[^1]:F1} us");
        rig.Set(Port(rig, 5), backend.EndPoint);
        Assert.Equal("a", SocketLbRig.Ask(Address(rig, 5)));

        started = Stopwatch.GetTimestamp();
        await rig.TakeOverAsync();
        output.WriteLine($"taken over in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F1} ms");
        Assert.Equal("a", SocketLbRig.Ask(Address(rig, 5)));
    }

    private static IPAddress Address(SocketLbRig rig, int i) => IPAddress.Parse($"198.19.{i >> 8}.{i & 255}");

    private static ServicePort Port(SocketLbRig rig, int i) =>
        new(new ServicePortId($"rig{rig.Number}/service-{i}", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Address(rig, i)], Path = ServicePath.Connect };

    private static Backend[] Backends(int service, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Backend($"5b0bbd0e-98f2-4d4f-8a0c-{service:d8}{i:d4}", new IPEndPoint(new IPAddress([10, (byte)(service >> 8), (byte)service, (byte)i]), 8080)))];
}

using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Balancing;

public sealed class ZonePreferencePolicyTests
{
    private readonly ServiceDirectory _directory = new();
    private readonly PickContext _context = new(TrafficScope.Internal, new ClientAddress(0, 1));

    [Fact]
    public void Pick_ZoneHasBackends_StaysThere()
    {
        var entry = Publish(0, "a", "b", "a");
        Assert.Equal(["pod-1", "pod-3"], Uids(entry, 40));
    }

    [Fact]
    public void Pick_ZoneHasNone_TakesAll() => Assert.Equal(["pod-1", "pod-2"], Uids(Publish(0, "b", "c"), 40));

    [Fact]
    public void Pick_ZoneBackendFailed_SpillsOver()
    {
        var entry = Publish(0, "a", "b");
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal("pod-2", entry.Pick(_context with { Failed = entry.Backends[0] })!.Uid));
    }

    [Fact]
    public void Pick_ZoneFull_SpillsOverUntilItHasRoom()
    {
        var entry = Publish(2, "a", "a", "b");
        for (var i = 0; i < 4; i++) entry.Backends[i % 2].State.Opened();
        Assert.Contains("pod-3", Uids(entry, 12));
        entry.Backends[0].State.Closed();
        Assert.Equal(["pod-1", "pod-2"], Uids(entry, 12));
    }

    [Fact]
    public void Pick_WithinAffinity_KeepsTheClientInItsZone()
    {
        var port = new ServicePort(new ServicePortId("a", ServiceProtocol.Tcp), 80) { PreferredZone = "a", AffinityTimeout = TimeSpan.FromMinutes(1), Policy = "weighted" };
        var entry = _directory.Publish(port, Backends("b", "a", "a"));
        Assert.Single(Uids(entry, 20));
        Assert.NotEqual("pod-1", entry.Pick(_context)!.Uid);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pick_PolicyLocal_TakesLocalBackendsWhateverTheirZone(bool affinity)
    {
        var port = new ServicePort(new ServicePortId("a", ServiceProtocol.Tcp), 80)
        {
            PreferredZone = "a", InternalTrafficPolicy = TrafficPolicy.Local, AffinityTimeout = affinity ? TimeSpan.FromMinutes(1) : TimeSpan.Zero,
        };
        Backend[] local = [.. Backends("a", "b").Select(backend => new Backend(backend.Uid, backend.Address) { Zone = backend.Zone, IsLocal = true })];
        var entry = _directory.Publish(port, local);
        Assert.Equal(["pod-1", "pod-2"], Enumerable.Range(1, 40).Select(client => entry.Pick(new PickContext(TrafficScope.Internal, new ClientAddress(0, (ulong)client)))!.Uid).Distinct().Order());
        // For clients beyond the node the policy is Cluster: zones count.
        Assert.Equal("pod-1", entry.Pick(new PickContext(TrafficScope.External, new ClientAddress(0, 100)))!.Uid);
    }

    [Fact]
    public void Pick_Steady_AllocatesNothing()
    {
        var slot = Publish(100, "a", "b", "a").Slot;
        Assert.Equal(0, Allocations.During(() => _directory.Current[slot]!.Pick(_context)));
    }

    private ServiceEntry Publish(int spillOver, params string[] zones) =>
        _directory.Publish(new ServicePort(new ServicePortId("a", ServiceProtocol.Tcp), 80) { PreferredZone = "a", ZoneSpillOver = spillOver }, Backends(zones));

    private static Backend[] Backends(params string[] zones) =>
        [.. zones.Select((zone, i) => new Backend($"pod-{i + 1}", Make.Backend(i + 1).Address) { Zone = zone })];

    private string[] Uids(ServiceEntry entry, int picks) => [.. Enumerable.Range(0, picks).Select(_ => entry.Pick(_context)!.Uid).Distinct().Order()];
}

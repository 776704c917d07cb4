using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Balancing;

public sealed class MaglevPolicyTests
{
    private readonly MaglevPolicy _policy = new();

    [Fact]
    public void Pick_OneClient_HasOneBackendOnEveryNode()
    {
        // Another node makes its own table; only the order its slices came in may differ.
        BackendSet here = Set(Make.Backends(7)), there = Set([.. Make.Backends(7).Reverse()]);
        Assert.All(Clients(1000), client => Assert.Equal(Pick(here, client)!.Uid, Pick(there, client)!.Uid));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(300)]
    public void Prepare_EqualBackends_HaveEqualShares(int count)
    {
        var table = (ushort[])_policy.Prepare(Make.Backends(count))!;
        var shares = table.CountBy(backend => backend).Select(share => share.Value).ToArray();
        Assert.Equal(count, shares.Length);
        // Taken in turn, the shares differ by one slot.
        Assert.InRange(shares.Max() - shares.Min(), 0, 1);
    }

    [Fact]
    public void Pick_BackendGone_MovesItsClientsAndFewOthers()
    {
        BackendSet before = Set(Make.Backends(10)), after = Set(Make.Backends(9));
        var kept = Clients(10_000).Where(client => Pick(before, client)!.Uid != "pod-10").ToArray();
        var moved = kept.Count(client => Pick(before, client)!.Uid != Pick(after, client)!.Uid);
        // A modulus would move nine in ten; the paper's disruption stays below a few per cent.
        Assert.InRange(moved, 0, kept.Length / 10);
    }

    [Fact]
    public void Prepare_Weights_AreShares()
    {
        Backend[] backends = [new("a", Make.Backend(1).Address) { Weight = 3 }, new("b", Make.Backend(2).Address) { Weight = 1 }, new("c", Make.Backend(3).Address) { Weight = 0 }];
        var shares = ((ushort[])_policy.Prepare(backends)!).CountBy(backend => backend).ToDictionary();
        Assert.InRange((double)shares[0] / shares[1], 2.8, 3.2);
        Assert.DoesNotContain((ushort)2, shares.Keys);
    }

    [Fact]
    public void Pick_AfterFailure_GivesAnotherAndAlwaysTheSame()
    {
        var set = Set(Make.Backends(5));
        foreach (var client in Clients(200))
        {
            var failed = Pick(set, client)!;
            var context = new PickContext(TrafficScope.Internal, client, failed);
            var other = _policy.Pick(set, new ServiceState(), context);
            Assert.NotSame(failed, other);
            Assert.Same(other, _policy.Pick(set, new ServiceState(), context));
        }
    }

    [Fact]
    public void Pick_Steady_AllocatesNothing()
    {
        var set = Set(Make.Backends(10));
        Assert.Equal(0, Allocations.During(() => Pick(set, new ClientAddress(0, 5))));
    }

    private BackendSet Set(Backend[] backends) => new(backends, _policy.Prepare(backends));

    private Backend? Pick(BackendSet set, ClientAddress client) => _policy.Pick(set, null!, new PickContext(TrafficScope.Internal, client));

    private static IEnumerable<ClientAddress> Clients(int count) => Enumerable.Range(1, count).Select(number => new ClientAddress(0, 0xFFFF_0A00_0000 + (ulong)number));
}

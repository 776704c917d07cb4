using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Balancing;

public sealed class PowerOfTwoChoicesPolicyTests
{
    private readonly PowerOfTwoChoicesPolicy _policy = new(new Random(7));
    private readonly ServiceState _state = new();
    private readonly PickContext _context = new(TrafficScope.Internal, new ClientAddress(0, 1));

    [Fact]
    public void Pick_OfTwo_IsTheLessBusy()
    {
        var backends = Make.Backends(2);
        backends[0].State.Opened();
        Assert.All(Enumerable.Range(0, 20), _ => Assert.Same(backends[1], Pick(backends)));
    }

    [Fact]
    public void Pick_ConnectionsThatStay_EndUpEven()
    {
        var backends = Make.Backends(10);
        for (var i = 0; i < 1000; i++) Pick(backends)!.State.Opened();
        // A random choice alone would spread them by about 30 to either side; the power of two keeps the busiest within a few.
        Assert.All(backends, backend => Assert.InRange(backend.State.Active, 95, 105));
    }

    [Fact]
    public void Pick_SlowBackend_GetsLess()
    {
        var backends = Make.Backends(4);
        for (var i = 0; i < 100; i++) backends[3].State.Opened();
        var picks = Enumerable.Range(0, 400).Select(_ => Pick(backends)!.Uid).CountBy(uid => uid).ToDictionary();
        Assert.Equal(0, picks.GetValueOrDefault("pod-4"));
    }

    [Fact]
    public void Pick_Weights_CountAsShares()
    {
        var backends = new[] { new Backend("a", Make.Backend(1).Address) { Weight = 3 }, new Backend("b", Make.Backend(2).Address) { Weight = 1 } };
        for (var i = 0; i < 400; i++) Pick(backends)!.State.Opened();
        Assert.InRange(backends[0].State.Active, 295, 305);
    }

    [Fact]
    public void Pick_WithoutWeight_OnlyWhereNothingElseIsLeft()
    {
        Backend[] backends = [Weighing(1, 1), Weighing(2, 0), Weighing(3, 0)];
        var set = new BackendSet(backends, _policy.Prepare(backends));

        for (var i = 0; i < 1000; i++)
        {
            var picked = _policy.Pick(set, _state, _context)!;
            Assert.Same(backends[0], picked);
            picked.State.Opened();
        }

        Assert.All(Enumerable.Range(0, 50), _ => Assert.NotSame(backends[0], _policy.Pick(set, _state, _context with { Failed = backends[0] })));
        Assert.All(Enumerable.Range(0, 50), _ => Assert.NotNull(_policy.Pick(new BackendSet(backends[1..], _policy.Prepare(backends[1..])), _state, _context)));
    }

    private static Backend Weighing(int number, int weight) => new($"pod-{number}", Make.Backend(number).Address) { Weight = weight };

    [Fact]
    public void Pick_AfterFailure_NeverGivesTheSame()
    {
        var backends = Make.Backends(3);
        var failed = backends[1];
        Assert.All(Enumerable.Range(0, 50), _ => Assert.NotSame(failed, _policy.Pick(new BackendSet(backends, null), _state, _context with { Failed = failed })));
    }

    [Fact]
    public void Pick_Steady_AllocatesNothing()
    {
        var set = new BackendSet(Make.Backends(10), null);
        Assert.Equal(0, Allocations.During(() => _policy.Pick(set, _state, _context)));
    }

    private Backend? Pick(Backend[] backends) => _policy.Pick(new BackendSet(backends, null), _state, _context);
}

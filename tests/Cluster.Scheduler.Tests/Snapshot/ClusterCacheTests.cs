using Cluster.Client;
using Cluster.Scheduler.Snapshot;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Scheduler.Tests.Snapshot;

public sealed class ClusterCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ClusterCache _cache;

    public ClusterCacheTests()
    {
        _cache = new ClusterCache(_time);
        _cache.SetNode(A.Node("n"));
    }

    [Fact]
    public void Assume_Pod_CountsAtOnceAndForgetTakesItBack()
    {
        var pod = A.Pod("p", cpu: "500m").Facts();

        _cache.Assume(pod, "n");
        Assert.Equal((500, true), (Node.Requested.MilliCpu, _cache.IsAssumed(pod)));

        _cache.Forget(pod);
        Assert.Equal((0, false), (Node.Requested.MilliCpu, _cache.IsAssumed(pod)));
    }

    [Fact]
    public void SetPod_AssumedBefore_CountsOnceAndStays()
    {
        var pod = A.Pod("p", cpu: "500m").Facts();
        _cache.Assume(pod, "n");
        _cache.FinishBinding(pod);

        _cache.SetPod(A.Pod("p", cpu: "500m").On("n").Facts());
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(0, _cache.ExpireAssumed());
        Assert.Equal(500, Node.Requested.MilliCpu);
    }

    [Fact]
    public void ExpireAssumed_NeverConfirmed_DroppedThirtySecondsAfterBinding()
    {
        var pod = A.Pod("p", cpu: "500m").Facts();
        _cache.Assume(pod, "n");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _cache.ExpireAssumed()); // the binding is still under way

        _cache.FinishBinding(pod);
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(0, _cache.ExpireAssumed());
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, _cache.ExpireAssumed());
        Assert.Empty(Node.Pods);
    }

    [Fact]
    public void SetNode_AfterItsPods_CountsThem()
    {
        _cache.SetPod(A.Pod("p", cpu: "1").On("late").Facts());
        Assert.Single(_cache.Snapshot());

        _cache.SetNode(A.Node("late"));

        Assert.Equal(1000, _cache.Snapshot().Single(node => node.Name == "late").Requested.MilliCpu);
    }

    [Fact]
    public void RemoveNode_LeavesSnapshot_ComesBackWithItsPods()
    {
        _cache.SetPod(A.Pod("p", cpu: "1").On("n").Facts());

        _cache.RemoveNode("n");
        Assert.Empty(_cache.Snapshot());

        _cache.SetNode(A.Node("n"));
        Assert.Equal(1000, Node.Requested.MilliCpu);
    }

    [Fact]
    public void Snapshot_TakenBefore_DoesNotChange()
    {
        var before = _cache.Snapshot();

        _cache.SetPod(A.Pod("p").On("n").Facts());

        Assert.Empty(before[0].Pods);
        Assert.Single(Node.Pods);
    }

    [Fact]
    public void RemovePod_OfSeveral_TakesOnlyItsOwn()
    {
        _cache.SetPod(A.Pod("p", cpu: "1").On("n").Facts());
        _cache.SetPod(A.Pod("q", cpu: "2").On("n").Facts());

        _cache.RemovePod(new ObjectKey("default", "p"));

        Assert.Equal((2000, 1), (Node.Requested.MilliCpu, Node.Pods.Count));
    }

    private NodeState Node => _cache.Snapshot().Single();
}

using Cluster.Api;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.Nodes;

public sealed class NodeControllersTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new() { HasKubelet = false };
    private readonly HashSet<string> _alive = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Ipam_NewNodes_GetRangesOfTheirOwn()
    {
        AddNode("a");
        AddNode("b");
        _rig.Api.Seed(new Node { Metadata = new() { Name = "c" }, Spec = new() { PodCIDR = "10.244.0.0/24" } });
        _rig.Start("nodeipam");

        await _rig.UntilAsync(() => _rig.Api.All<Node>().All(node => node.Spec?.PodCIDR.Length > 0));

        Assert.Equal(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"], _rig.Api.All<Node>().Select(node => node.Spec.PodCIDR).Order());
        Assert.All(_rig.Api.All<Node>().Where(node => node.Metadata.Name != "c"), node => Assert.Equal([node.Spec.PodCIDR], node.Spec.PodCIDRs));
    }

    [Fact]
    public async Task Ipam_RangeUsedUp_SaysSo()
    {
        AddNode("a");
        AddNode("b");
        AddNode("c");
        _rig.Start(new ControllerManagerOptions { Controllers = ["nodeipam"], ClusterCidr = "10.0.0.0/23" });

        await _rig.UntilAsync(() => _rig.Events.Any(text => text.StartsWith("CIDRNotAvailable", StringComparison.Ordinal)));

        Assert.Equal(2, _rig.Api.All<Node>().Count(node => node.Spec?.PodCIDR.Length > 0));
    }

    [Fact]
    public async Task Lifecycle_NodeFallsSilent_IsUnknownTaintedAndItsPodsNotReady()
    {
        AddNode("a");
        AddNode("b");
        _rig.Api.Seed(Make.ReadyPod("on-a", "10.244.0.1", node: "a"));
        _rig.Api.Seed(Make.ReadyPod("on-b", "10.244.1.1", node: "b"));
        _rig.Start("nodelifecycle");
        await BeatAsync(60);
        Assert.Empty(Node("a").Spec?.Taints ?? []);
        _alive.Remove("a");

        await BeatAsync(30);
        Assert.Equal("True", Ready("a").Status);
        await BeatAsync(30);

        Assert.Equal(("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), (Ready("a").Status, Ready("a").Reason, Ready("a").Message));
        Assert.Equal(
            ["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"],
            Node("a").Spec.Taints.Select(taint => $"{taint.Key}:{taint.Effect}").Order());
        Assert.False(_rig.Api.Find<Pod>("default", "on-a")!.IsReady());
        Assert.True(_rig.Api.Find<Pod>("default", "on-b")!.IsReady());
        Assert.Empty(Node("b").Spec?.Taints ?? []);

        _alive.Add("a");
        SetReady("a", "True");
        await BeatAsync(10);
        Assert.Empty(Node("a").Spec.Taints);
    }

    [Fact]
    public async Task Lifecycle_OnlyNodeFallsSilent_EvictsNothing()
    {
        AddNode("a");
        _rig.Start("nodelifecycle");
        await BeatAsync(10);
        _alive.Clear();

        await BeatAsync(60);

        Assert.Equal("node.kubernetes.io/unreachable:NoSchedule", Assert.Single(Node("a").Spec.Taints.Select(taint => $"{taint.Key}:{taint.Effect}")));
    }

    [Fact]
    public async Task Lifecycle_PressureAndCordon_AreTaints()
    {
        AddNode("a");
        _rig.Api.Change<Node>(null, "a", node =>
        {
            node.Status.Conditions.Add(new NodeCondition { Type = "DiskPressure", Status = "True" });
            (node.Spec ??= new()).Unschedulable = true;
            node.Spec.Taints.Add(new Taint { Key = "dedicated", Value = "db", Effect = "NoSchedule" });
        });
        _rig.Start("nodelifecycle");

        await _rig.UntilAsync(() => Node("a").Spec.Taints.Count == 3);

        Assert.Equal(
            ["dedicated", "node.kubernetes.io/disk-pressure", "node.kubernetes.io/unschedulable"], Node("a").Spec.Taints.Select(taint => taint.Key).Order());
    }

    [Fact]
    public async Task TaintEviction_Tolerations_DecideWhenPodsGo()
    {
        AddNode("a");
        _rig.Api.Seed(Make.ReadyPod("none", "10.244.0.1", node: "a"));
        _rig.Api.Seed(Tolerating("short", 30));
        _rig.Api.Seed(Tolerating("for-ever", null));
        _rig.Start("tainteviction");
        await _rig.SettleAsync();
        Assert.Equal(3, _rig.Pods.Count(pod => !pod.IsTerminating()));

        _rig.Api.Change<Node>(null, "a", node => (node.Spec ??= new()).Taints.Add(
            new Taint { Key = "node.kubernetes.io/unreachable", Effect = "NoExecute", TimeAdded = _rig.Time.GetUtcNow().ToTime() }));

        await _rig.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(["for-ever", "short"], Staying());
        await _rig.PassAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["for-ever", "short"], Staying());
        await _rig.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(["for-ever"], Staying());
        Assert.Contains("TaintManagerEviction: Marking for deletion Pod default/short", _rig.Events);
        Assert.Equal(["DeletionByTaintManager"], Disruptions("short"));
        Assert.Empty(Disruptions("for-ever"));
    }

    [Fact]
    public async Task PodGc_GoneNodeAndUnscheduled_AreRemovedAfterTheQuarantine()
    {
        AddNode("a");
        _rig.Api.Seed(Make.ReadyPod("here", "10.244.0.1", node: "a"));
        _rig.Api.Seed(Make.ReadyPod("lost", "10.244.9.1", node: "gone"));
        var unscheduled = Make.Pod("unscheduled");
        (unscheduled.Metadata.DeletionTimestamp, unscheduled.Metadata.DeletionGracePeriodSeconds) = (new() { Seconds = 1 }, 30);
        _rig.Api.Seed(unscheduled);
        _rig.Start("podgc");

        await _rig.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(["here", "lost"], _rig.Pods.Select(pod => pod.Metadata.Name));
        await _rig.PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(["here"], Staying());
        Assert.Contains(_rig.Api.Requests, request => request is { Verb: "patch", Subresource: "status", Name: "lost" });
        Assert.DoesNotContain(_rig.Api.Requests, request => request is { Verb: "patch", Name: "unscheduled" or "here" });
    }

    private IEnumerable<string> Disruptions(string pod) =>
        _rig.Api.Find<Pod>("default", pod)!.Status.Conditions.Where(condition => condition is { Type: "DisruptionTarget", Status: "True" }).Select(condition => condition.Reason);

    [Fact]
    public async Task PodGc_TooManyFinished_RemovesTheOldest()
    {
        for (var i = 0; i < 5; i++)
        {
            var pod = Make.Pod($"p{i}");
            pod.Status.Phase = "Succeeded";
            pod.Metadata.CreationTimestamp = new() { Seconds = 1000 - i };
            _rig.Api.Seed(pod);
        }

        _rig.Start(new ControllerManagerOptions { Controllers = ["podgc"], TerminatedPodThreshold = 2 });

        await _rig.UntilAsync(() => _rig.Pods.Count == 2);
        Assert.Equal(["p0", "p1"], _rig.Pods.Select(pod => pod.Metadata.Name));
    }

    private List<string> Staying() => [.. _rig.Pods.Where(pod => !pod.IsTerminating()).Select(pod => pod.Metadata.Name)];

    private static Pod Tolerating(string name, long? seconds)
    {
        var pod = Make.ReadyPod(name, "10.244.0.2", node: "a");
        var toleration = new Toleration { Key = "node.kubernetes.io/unreachable", Operator = "Exists", Effect = "NoExecute" };
        if (seconds is { } limit)
        {
            toleration.TolerationSeconds = limit;
        }

        pod.Spec.Tolerations.Add(toleration);
        return pod;
    }

    private void AddNode(string name)
    {
        _alive.Add(name);
        _rig.Api.Seed(new Node { Metadata = new() { Name = name }, Spec = new(), Status = new() });
        _rig.Api.Seed(new Lease { Metadata = new() { Namespace = "kube-node-lease", Name = name }, Spec = new() });
        SetReady(name, "True");
    }

    private void SetReady(string name, string status) => _rig.Api.Change<Node>(null, name, node =>
    {
        node.Status.Conditions.Clear();
        node.Status.Conditions.Add(new NodeCondition { Type = "Ready", Status = status, LastHeartbeatTime = _rig.Time.GetUtcNow().ToTime() });
    });

    /// <summary>Lets time pass; nodes that are alive renew their leases every 5 seconds.</summary>
    private async Task BeatAsync(int seconds)
    {
        for (var i = 0; i < seconds; i += 5)
        {
            foreach (var name in _alive)
            {
                _rig.Api.Change<Lease>("kube-node-lease", name, lease => lease.Spec.RenewTime = _rig.Time.GetUtcNow().ToMicroTime());
            }

            await _rig.PassAsync(TimeSpan.FromSeconds(5));
        }
    }

    private Node Node(string name) => _rig.Api.Find<Node>(null, name)!;

    private NodeCondition Ready(string name) => Node(name).Status.Conditions.Single(condition => condition.Type == "Ready");
}

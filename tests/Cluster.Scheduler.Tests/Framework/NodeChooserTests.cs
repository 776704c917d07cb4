using Cluster.Api.CoreV1;
using Cluster.Scheduler.Framework;

namespace Cluster.Scheduler.Tests.Framework;

public sealed class NodeChooserTests
{
    private static readonly SchedulingProfile Profile = DefaultProfile.Create();

    private readonly NodeChooser _chooser = new(new Random(1));

    [Fact]
    public void Choose_NoNodes_SaysSo()
    {
        var choice = _chooser.Choose(Profile, A.Cycle(A.Pod("p"), []));

        Assert.Equal("no nodes available to schedule pods", choice.Failure!.Message);
    }

    [Fact]
    public void Choose_TooLittleCpu_KubernetesWords()
    {
        var choice = _chooser.Choose(Profile, A.Cycle(A.Pod("p", cpu: "5"), A.Cluster([A.Node("n", cpu: "4")])));

        Assert.Equal("0/1 nodes are available: 1 Insufficient cpu.", choice.Failure!.Message);
        Assert.Equal(ClusterEvents.NodeAdded | ClusterEvents.NodeAllocatable | ClusterEvents.PodGone, choice.Failure.WakesOn);
    }

    [Fact]
    public void Choose_NodesRejectedForSeveralReasons_EachIsCounted()
    {
        var cordoned = A.Node("cordoned");
        cordoned.Spec.Unschedulable = true;
        var nodes = A.Cluster(
        [
            A.Node("small", cpu: "1", memory: "1Gi"), A.Node("small2", cpu: "1"), cordoned,
            A.Node("tainted").Tainted("gpu", "NoSchedule", "yes"),
        ]);

        var choice = _chooser.Choose(Profile, A.Cycle(A.Pod("p", cpu: "2", memory: "2Gi"), nodes));

        Assert.Equal(
            "0/4 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint {gpu: yes}, 1 node(s) were unschedulable, 2 Insufficient cpu.",
            choice.Failure!.Message);
    }

    [Fact]
    public void Choose_OneNodeIsEmptier_TakesIt()
    {
        var nodes = A.Cluster([A.Node("full"), A.Node("empty")], A.Pod("q", cpu: "2", memory: "4Gi").On("full"));

        Assert.Equal("empty", _chooser.Choose(Profile, A.Cycle(A.Pod("p"), nodes)).Node!.Name);
    }

    [Fact]
    public void Choose_EqualNodes_AllAreTaken()
    {
        var nodes = A.Cluster([A.Node("a"), A.Node("b"), A.Node("c")]);

        var chosen = Enumerable.Range(0, 60).Select(_ => _chooser.Choose(Profile, A.Cycle(A.Pod("p"), nodes)).Node!.Name).ToHashSet();

        Assert.Equal(3, chosen.Count);
    }

    [Fact]
    public void Choose_ManyNodes_LooksOnlyUntilEnoughFit()
    {
        var counter = new Counting();
        var profile = new SchedulingProfile("s", [counter], []);
        var nodes = A.Cluster(Enumerable.Range(0, 1000).Select(i => A.Node($"n{i}")));

        _chooser.Choose(profile, A.Cycle(A.Pod("p"), nodes));

        Assert.Equal(1000 * (50 - 1000 / 125) / 100, counter.Seen.Count);
        _chooser.Choose(profile, A.Cycle(A.Pod("q"), nodes));
        Assert.Equal(counter.Seen.Count, counter.Seen.Distinct().Count()); // the next pod begins where the first stopped
    }

    [Fact]
    public void Choose_ManyNodesOnlyLastFits_FindsIt()
    {
        var nodes = A.Cluster(Enumerable.Range(0, 300).Select(i => A.Node($"n{i}", cpu: i == 299 ? "64" : "1")));

        Assert.Equal("n299", _chooser.Choose(Profile, A.Cycle(A.Pod("p", cpu: "32"), nodes)).Node!.Name);
    }

    private sealed class Counting : IFilterPlugin
    {
        public List<string> Seen { get; } = [];

        public string Name => nameof(Counting);

        public ClusterEvents WakesOn => ClusterEvents.None;

        public NodeFilter? Prepare(SchedulingCycle cycle) => node =>
        {
            Seen.Add(node.Name);
            return null;
        };
    }
}

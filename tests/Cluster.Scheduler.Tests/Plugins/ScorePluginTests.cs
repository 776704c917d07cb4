using Cluster.Api.CoreV1;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Plugins;
using NodeAffinity = Cluster.Scheduler.Plugins.NodeAffinity;

namespace Cluster.Scheduler.Tests.Plugins;

public sealed class ScorePluginTests
{
    [Fact]
    public void LeastAllocated_HalfUsed_IsMeanOfFreeShares()
    {
        var scores = Score(new NodeResourcesLeastAllocated(), A.Pod("p", cpu: "1", memory: "2Gi"), [A.Node("a"), A.Node("b")], A.Pod("q", cpu: "2", memory: "2Gi").On("a"));

        Assert.Equal(37, scores["a"]); // (4-3)/4 of cpu and (8-4)/8 of memory free: 25 and 50
        Assert.Equal(75, scores["b"]);
    }

    [Fact]
    public void LeastAllocated_PodsThatAskNothing_StillCount()
    {
        var scores = Score(new NodeResourcesLeastAllocated(), A.Pod("p"), [A.Node("a"), A.Node("b")], A.Pod("q").On("a"));

        Assert.True(scores["a"] < scores["b"]);
    }

    [Fact]
    public void BalancedAllocation_UnevenUse_ScoresLess()
    {
        var scores = Score(new NodeResourcesBalancedAllocation(), A.Pod("p", cpu: "1", memory: "2Gi"), [A.Node("a"), A.Node("b")], A.Pod("q", cpu: "2", memory: "0").On("a"));

        Assert.Equal(100, scores["b"]);
        Assert.True(scores["a"] < 60);
    }

    [Fact]
    public void NodeAffinity_PreferredTerms_SumOfWeights()
    {
        var pod = A.Pod("p").With(spec => spec.Affinity = new()
        {
            NodeAffinity = new() { PreferredDuringSchedulingIgnoredDuringExecution = { Prefer("disk", "ssd", 30), Prefer("zone", "1", 10) } },
        });

        var scores = Score(new NodeAffinity(), pod, [A.Node("a").Labelled("disk", "ssd"), A.Node("b").Labelled("zone", "1"), A.Node("c")]);

        Assert.Equal((100, 33, 0), (scores["a"], scores["b"], scores["c"]));
    }

    [Fact]
    public void TaintToleration_PreferringTaints_LowerScore()
    {
        var scores = Score(new TaintToleration(), A.Pod("p"), [A.Node("a").Tainted("x", "PreferNoSchedule"), A.Node("b")]);

        Assert.Equal((0, 100), (scores["a"], scores["b"]));
    }

    [Fact]
    public void SelectorSpread_SiblingsOfController_FewerIsBetter()
    {
        var scores = Score(
            new SelectorSpread(), A.Pod("p").OwnedBy("rs"), [A.Node("a"), A.Node("b"), A.Node("c")],
            A.Pod("1").OwnedBy("rs").On("a"), A.Pod("2").OwnedBy("rs").On("a"), A.Pod("3").OwnedBy("rs").On("b"), A.Pod("4").OwnedBy("other").On("c"));

        Assert.Equal((0, 50, 100), (scores["a"], scores["b"], scores["c"]));
    }

    [Fact]
    public void SelectorSpread_PodsOfService_AreSiblings()
    {
        var service = new Service { Metadata = new() { Namespace = "default", Name = "s" }, Spec = new() { Selector = { ["app"] = "web" } } };
        var nodes = A.Cluster([A.Node("a"), A.Node("b")], A.Pod("1").Labelled("app", "web").On("a"));
        var scores = new long[2];

        new SelectorSpread().Score(A.Cycle(A.Pod("p").Labelled("app", "web"), nodes, service), nodes, scores);

        Assert.Equal(100, scores[nodes.ToList().FindIndex(node => node.Name == "b")]);
        Assert.Equal(0, scores[nodes.ToList().FindIndex(node => node.Name == "a")]);
    }

    [Fact]
    public void SelectorSpread_Zones_WeighTwoThirds()
    {
        const string zone = "topology.kubernetes.io/zone";
        var scores = Score(
            new SelectorSpread(), A.Pod("p").OwnedBy("rs"),
            [A.Node("a").Labelled(zone, "1"), A.Node("b").Labelled(zone, "1"), A.Node("c").Labelled(zone, "2")], A.Pod("1").OwnedBy("rs").On("a"));

        Assert.Equal((0, 33, 100), (scores["a"], scores["b"], scores["c"]));
    }

    private static Dictionary<string, long> Score(IScorePlugin plugin, Pod pod, Node[] nodes, params Pod[] others)
    {
        var states = A.Cluster(nodes, others);
        var scores = new long[states.Count];
        plugin.Score(A.Cycle(pod, states), states, scores);
        return states.Select((node, i) => (node.Name, scores[i])).ToDictionary();
    }

    private static PreferredSchedulingTerm Prefer(string key, string value, int weight) => new()
    {
        Weight = weight,
        Preference = new() { MatchExpressions = { new NodeSelectorRequirement { Key = key, Operator = "In", Values = { value } } } },
    };
}

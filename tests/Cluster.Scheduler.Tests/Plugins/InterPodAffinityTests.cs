using Cluster.Api.CoreV1;
using Cluster.Scheduler.Plugins;

namespace Cluster.Scheduler.Tests.Plugins;

public sealed class InterPodAffinityTests
{
    private static readonly Node[] Nodes = [A.Node("a").Labelled("zone", "1"), A.Node("b").Labelled("zone", "1"), A.Node("c").Labelled("zone", "2")];

    [Fact]
    public void Filter_RequiredAffinity_OnlyTheZoneOfTheMatch()
    {
        var pod = A.Pod("p").With(spec => spec.Affinity = Near("app", "db", "zone"));

        Assert.Equal(["a", "b"], FilterPluginTests.Fitting(new InterPodAffinity(), A.Cycle(pod, A.Cluster(Nodes, A.Pod("db").Labelled("app", "db").On("a")))));
    }

    [Fact]
    public void Filter_RequiredAffinityNobodyMatches_NowhereUnlessItMatchesItself()
    {
        var stranger = A.Pod("p").With(spec => spec.Affinity = Near("app", "web", "zone"));
        var first = A.Pod("p").Labelled("app", "web").With(spec => spec.Affinity = Near("app", "web", "zone"));

        Assert.Empty(FilterPluginTests.Fitting(new InterPodAffinity(), A.Cycle(stranger, A.Cluster(Nodes))));
        Assert.Equal(["a", "b", "c"], FilterPluginTests.Fitting(new InterPodAffinity(), A.Cycle(first, A.Cluster(Nodes))));
    }

    [Fact]
    public void Filter_RequiredAntiAffinity_NotTheNodeOfTheMatch()
    {
        var pod = A.Pod("p").With(spec => spec.Affinity = Far("app", "web", "kubernetes.io/hostname"));

        Assert.Equal(["b", "c"], FilterPluginTests.Fitting(new InterPodAffinity(), A.Cycle(pod, A.Cluster(Nodes, A.Pod("q").Labelled("app", "web").On("a")))));
    }

    [Fact]
    public void Filter_AntiAffinityOfPodThere_KeepsOthersAway()
    {
        var hermit = A.Pod("h").With(spec => spec.Affinity = Far("app", "web", "zone")).On("a");

        Assert.Equal(["c"], FilterPluginTests.Fitting(new InterPodAffinity(), A.Cycle(A.Pod("p").Labelled("app", "web"), A.Cluster(Nodes, hermit))));
        Assert.Equal(["a", "b", "c"], FilterPluginTests.Fitting(new InterPodAffinity(), A.Cycle(A.Pod("p"), A.Cluster(Nodes, hermit))));
    }

    [Fact]
    public void Filter_MatchInOtherNamespace_DoesNotCountUnlessSelected()
    {
        var db = A.Pod("db").Labelled("app", "db").On("a");
        db.Metadata.Namespace = "data";
        var own = A.Pod("p").With(spec => spec.Affinity = Near("app", "db", "zone"));
        var selecting = A.Pod("p").With(spec =>
        {
            spec.Affinity = Near("app", "db", "zone");
            spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].NamespaceSelector = new() { MatchLabels = { ["name"] = "data" } };
        });

        Assert.Empty(FilterPluginTests.Fitting(new InterPodAffinity(), A.Cycle(own, A.Cluster(Nodes, db))));
        Assert.Equal(["a", "b"], FilterPluginTests.Fitting(new InterPodAffinity(), A.Cycle(selecting, A.Cluster(Nodes, db))));
    }

    [Fact]
    public void Score_PreferredTerms_PullAndPush()
    {
        var pod = A.Pod("p").With(spec => spec.Affinity = new()
        {
            PodAffinity = new()
            {
                PreferredDuringSchedulingIgnoredDuringExecution = { new WeightedPodAffinityTerm { Weight = 10, PodAffinityTerm = A.Near("app", "db", "zone") } },
            },
            PodAntiAffinity = new()
            {
                PreferredDuringSchedulingIgnoredDuringExecution =
                {
                    new WeightedPodAffinityTerm { Weight = 5, PodAffinityTerm = A.Near("app", "noisy", "kubernetes.io/hostname") },
                },
            },
        });
        var nodes = A.Cluster(Nodes, A.Pod("db").Labelled("app", "db").On("a"), A.Pod("noisy").Labelled("app", "noisy").On("a"));
        var scores = new long[3];

        new InterPodAffinity().Score(A.Cycle(pod, nodes), nodes, scores);

        var byName = nodes.Select((node, i) => (node.Name, scores[i])).ToDictionary();
        Assert.Equal((50, 100, 0), (byName["a"], byName["b"], byName["c"]));
    }

    private static Affinity Near(string key, string value, string topologyKey) =>
        new() { PodAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = { A.Near(key, value, topologyKey) } } };

    private static Affinity Far(string key, string value, string topologyKey) =>
        new() { PodAntiAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = { A.Near(key, value, topologyKey) } } };
}

using Cluster.Api.CoreV1;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Plugins;
using Cluster.Scheduler.Snapshot;
using NodeAffinity = Cluster.Scheduler.Plugins.NodeAffinity;

namespace Cluster.Scheduler.Tests.Plugins;

public sealed class FilterPluginTests
{
    [Theory]
    [InlineData("Equal", "gpu", "yes", "NoSchedule", true)]
    [InlineData("", "gpu", "yes", "", true)]
    [InlineData("Equal", "gpu", "no", "NoSchedule", false)]
    [InlineData("Exists", "gpu", "", "NoSchedule", true)]
    [InlineData("Exists", "gpu", "", "NoExecute", false)]
    [InlineData("Exists", "", "", "", true)]
    [InlineData("Exists", "other", "", "", false)]
    public void TaintToleration_Toleration_DecidesByKeyValueAndEffect(string op, string key, string value, string effect, bool fits)
    {
        var pod = A.Pod("p").With(spec => spec.Tolerations.Add(new Toleration { Operator = op, Key = key, Value = value, Effect = effect }));

        Assert.Equal(fits, Fits(new TaintToleration(), pod, A.Node("n").Tainted("gpu", "NoSchedule", "yes")));
    }

    [Theory]
    [InlineData("NoExecute", false)]
    [InlineData("NoSchedule", false)]
    [InlineData("PreferNoSchedule", true)]
    public void TaintToleration_NotReadyTaint_KeepsPodsOff(string effect, bool fits)
    {
        Assert.Equal(fits, Fits(new TaintToleration(), A.Pod("p"), A.Node("n").Tainted("node.kubernetes.io/not-ready", effect)));
    }

    [Fact]
    public void NodeUnschedulable_CordonedNode_OnlyTolerating()
    {
        var node = A.Node("n");
        node.Spec.Unschedulable = true;
        var daemon = A.Pod("d").With(spec => spec.Tolerations.Add(new Toleration { Key = "node.kubernetes.io/unschedulable", Operator = "Exists" }));

        Assert.False(Fits(new NodeUnschedulable(), A.Pod("p"), node));
        Assert.True(Fits(new NodeUnschedulable(), daemon, node));
    }

    [Theory]
    [InlineData("True", true)]
    [InlineData("False", false)]
    [InlineData("Unknown", false)]
    public void NodeReady_ReadyCondition_Decides(string status, bool fits)
    {
        var node = A.Node("n");
        node.Status.Conditions[0].Status = status;

        Assert.Equal(fits, Fits(new NodeReady(), A.Pod("p"), node));
    }

    [Theory]
    [InlineData("In", "ssd,nvme", true)]
    [InlineData("In", "hdd", false)]
    [InlineData("NotIn", "hdd", true)]
    [InlineData("NotIn", "ssd", false)]
    [InlineData("Exists", "", true)]
    [InlineData("DoesNotExist", "", false)]
    public void NodeAffinity_RequiredExpression_MatchesLabels(string op, string values, bool fits)
    {
        var pod = A.Pod("p").With(spec => spec.Affinity = Required(new NodeSelectorRequirement { Key = "disk", Operator = op, Values = { values.Split(',') } }));

        Assert.Equal(fits, Fits(new NodeAffinity(), pod, A.Node("n").Labelled("disk", "ssd")));
    }

    [Theory]
    [InlineData("Gt", "3", true)]
    [InlineData("Gt", "4", false)]
    [InlineData("Lt", "5", true)]
    [InlineData("Lt", "4", false)]
    public void NodeAffinity_NumericExpression_Compares(string op, string value, bool fits)
    {
        var pod = A.Pod("p").With(spec => spec.Affinity = Required(new NodeSelectorRequirement { Key = "cores", Operator = op, Values = { value } }));

        Assert.Equal(fits, Fits(new NodeAffinity(), pod, A.Node("n").Labelled("cores", "4")));
    }

    [Fact]
    public void NodeAffinity_TermsAndSelector_TermsAreAlternativesSelectorIsNot()
    {
        var pod = A.Pod("p").With(spec =>
        {
            spec.NodeSelector["zone"] = "a";
            spec.Affinity = Required(new NodeSelectorRequirement { Key = "disk", Operator = "In", Values = { "hdd" } });
            var byName = new NodeSelectorTerm { MatchFields = { new NodeSelectorRequirement { Key = "metadata.name", Operator = "In", Values = { "n" } } } };
            spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms.Add(byName);
        });

        Assert.True(Fits(new NodeAffinity(), pod, A.Node("n").Labelled("zone", "a")));
        Assert.True(Fits(new NodeAffinity(), pod, A.Node("m").Labelled("zone", "a").Labelled("disk", "hdd")));
        Assert.False(Fits(new NodeAffinity(), pod, A.Node("m").Labelled("zone", "a")));
        Assert.False(Fits(new NodeAffinity(), pod, A.Node("n").Labelled("zone", "b")));
    }

    [Fact]
    public void NodeAffinity_EmptyTerm_MatchesNothing()
    {
        Assert.False(Fits(new NodeAffinity(), A.Pod("p").With(spec => spec.Affinity = Required()), A.Node("n")));
    }

    [Theory]
    [InlineData("", "TCP", 80, false)]
    [InlineData("127.0.0.2", "TCP", 80, false)]
    [InlineData("", "UDP", 80, true)]
    [InlineData("", "TCP", 81, true)]
    public void NodePorts_PortTakenOnEveryAddress_Clashes(string address, string protocol, int port, bool fits)
    {
        Assert.Equal(fits, Fits(new NodePorts(), WithPort("p", address, protocol, port), A.Node("n"), WithPort("q", "", "TCP", 80).On("n")));
    }

    [Fact]
    public void NodePorts_PortTakenOnOtherAddress_Fits()
    {
        Assert.True(Fits(new NodePorts(), WithPort("p", "127.0.0.1", "TCP", 80), A.Node("n"), WithPort("q", "127.0.0.2", "TCP", 80).On("n")));
    }

    [Fact]
    public void NodeResourcesFit_ExactlyWhatIsLeft_Fits()
    {
        var others = A.Pod("q", cpu: "3500m", memory: "7Gi").On("n");

        Assert.True(Fits(new NodeResourcesFit(), A.Pod("p", cpu: "500m", memory: "1Gi"), A.Node("n"), others));
        Assert.Equal(["Insufficient cpu", "Insufficient memory"], Check(new NodeResourcesFit(), A.Pod("p", cpu: "501m", memory: "1025Mi"), A.Node("n"), others));
    }

    [Fact]
    public void NodeResourcesFit_InitContainerHungrier_Counts()
    {
        var pod = A.Pod("p", cpu: "1").With(spec => spec.InitContainers.Add(
            new Container { Name = "i", Resources = new() { Requests = { ["cpu"] = A.Quantity("5") } } }));

        Assert.Equal(["Insufficient cpu"], Check(new NodeResourcesFit(), pod, A.Node("n")));
    }

    [Fact]
    public void NodeResourcesFit_ExtendedResource_IsCounted()
    {
        var node = A.Node("n");
        node.Status.Allocatable["example.com/gpu"] = A.Quantity("1");
        var pod = A.Pod("p").With(spec => spec.Containers[0].Resources.Requests["example.com/gpu"] = A.Quantity("1"));
        var user = A.Pod("q").With(spec => spec.Containers[0].Resources.Requests["example.com/gpu"] = A.Quantity("1")).On("n");

        Assert.True(Fits(new NodeResourcesFit(), pod, node));
        Assert.Equal(["Insufficient example.com/gpu"], Check(new NodeResourcesFit(), pod, node, user));
        Assert.Equal(["Insufficient example.com/gpu"], Check(new NodeResourcesFit(), pod, A.Node("other")));
    }

    [Fact]
    public void NodeResourcesFit_PodLimitReached_TooManyPods()
    {
        Assert.Equal(["Too many pods"], Check(new NodeResourcesFit(), A.Pod("p"), A.Node("n", pods: 1), A.Pod("q").On("n")));
    }

    [Fact]
    public void PodTopologySpread_SkewedZone_Rejected()
    {
        var pod = A.Pod("p").Labelled("app", "web").With(spec => spec.TopologySpreadConstraints.Add(new TopologySpreadConstraint
        {
            MaxSkew = 1,
            TopologyKey = "zone",
            WhenUnsatisfiable = "DoNotSchedule",
            LabelSelector = new() { MatchLabels = { ["app"] = "web" } },
        }));
        var nodes = A.Cluster(
            [A.Node("a").Labelled("zone", "1"), A.Node("b").Labelled("zone", "2"), A.Node("c")], A.Pod("q").Labelled("app", "web").On("a"));

        Assert.Equal(["b"], Fitting(new PodTopologySpread(), A.Cycle(pod, nodes)));
    }

    internal static List<string> Fitting(IFilterPlugin plugin, SchedulingCycle cycle)
    {
        var filter = plugin.Prepare(cycle);
        return [.. cycle.Nodes.Where(node => filter?.Invoke(node) is null).Select(node => node.Name).Order(StringComparer.Ordinal)];
    }

    private static bool Fits(IFilterPlugin plugin, Pod pod, Node node, params Pod[] others) => Check(plugin, pod, node, others) is null;

    private static IReadOnlyList<string>? Check(IFilterPlugin plugin, Pod pod, Node node, params Pod[] others)
    {
        IReadOnlyList<NodeState> nodes = A.Cluster([node], others);
        return plugin.Prepare(A.Cycle(pod, nodes))?.Invoke(nodes[0]);
    }

    private static Pod WithPort(string name, string address, string protocol, int port) =>
        A.Pod(name).With(spec => spec.Containers[0].Ports.Add(new ContainerPort { ContainerPort_ = port, HostPort = port, HostIP = address, Protocol = protocol }));

    private static Affinity Required(params NodeSelectorRequirement[] expressions) => new()
    {
        NodeAffinity = new()
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = { new NodeSelectorTerm { MatchExpressions = { expressions } } } },
        },
    };
}

using System.Globalization;
using Cluster.Api.CoreV1;
using Cluster.Api.Resource;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Tests;

/// <summary>Nodes and pods for tests: <c>A.Node("n").Labelled("zone", "a")</c>.</summary>
internal static class A
{
    public static Node Node(string name, string cpu = "4", string memory = "8Gi", int pods = 110) => new()
    {
        Metadata = new() { Name = name, Labels = { ["kubernetes.io/hostname"] = name } },
        Spec = new(),
        Status = new()
        {
            Allocatable = { ["cpu"] = Quantity(cpu), ["memory"] = Quantity(memory), ["pods"] = Quantity(pods.ToString(CultureInfo.InvariantCulture)) },
            Conditions = { new NodeCondition { Type = "Ready", Status = "True" } },
        },
    };

    public static Pod Pod(string name, string? cpu = null, string? memory = null)
    {
        var container = new Container { Name = "c", Resources = new() };
        if (cpu is not null)
            container.Resources.Requests["cpu"] = Quantity(cpu);
        if (memory is not null)
            container.Resources.Requests["memory"] = Quantity(memory);
        return new()
        {
            Metadata = new() { Name = name, Namespace = "default", Uid = $"uid-{name}" },
            Spec = new() { Containers = { container }, SchedulerName = "default-scheduler" },
            Status = new() { Phase = "Pending" },
        };
    }

    public static Quantity Quantity(string text) => new() { String = text };

    public static Node Labelled(this Node node, string key, string value)
    {
        node.Metadata.Labels[key] = value;
        return node;
    }

    public static Node Tainted(this Node node, string key, string effect, string value = "")
    {
        node.Spec.Taints.Add(new Taint { Key = key, Effect = effect, Value = value });
        return node;
    }

    public static Pod Labelled(this Pod pod, string key, string value)
    {
        pod.Metadata.Labels[key] = value;
        return pod;
    }

    public static Pod On(this Pod pod, string node)
    {
        pod.Spec.NodeName = node;
        return pod;
    }

    public static Pod OwnedBy(this Pod pod, string controllerUid)
    {
        pod.Metadata.OwnerReferences.Add(new Api.MetaV1.OwnerReference { Uid = controllerUid, Controller = true, Kind = "ReplicaSet", Name = controllerUid });
        return pod;
    }

    public static Pod With(this Pod pod, Action<PodSpec> change)
    {
        change(pod.Spec);
        return pod;
    }

    public static PendingPod Facts(this Pod pod) => new(pod);

    public static PodAffinityTerm Near(string key, string value, string topologyKey) => new()
    {
        LabelSelector = new() { MatchLabels = { [key] = value } },
        TopologyKey = topologyKey,
    };

    /// <summary>The states of nodes with the pods that name them.</summary>
    public static IReadOnlyList<NodeState> Cluster(IEnumerable<Node> nodes, params Pod[] pods)
    {
        var cache = new ClusterCache(TimeProvider.System);
        foreach (var node in nodes)
            cache.SetNode(node);
        foreach (var pod in pods)
            cache.SetPod(pod.Facts());
        return cache.Snapshot();
    }

    public static SchedulingCycle Cycle(Pod pod, IReadOnlyList<NodeState> nodes, params Service[] services) => new(pod.Facts(), nodes, new FakeView(services));

    private sealed class FakeView(Service[] services) : IClusterView
    {
        public IEnumerable<Service> ServicesIn(string ns) => services.Where(service => service.Metadata.Namespace == ns);

        public IDictionary<string, string> LabelsOfNamespace(string ns) => new Dictionary<string, string> { ["name"] = ns };
    }
}

using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.IntStr;
using Cluster.Api.MetaV1;

namespace Cluster.Controllers.Tests;

internal static class Make
{
    public static PodTemplateSpec Template(string image = "web:1", string app = "web") => new()
    {
        Metadata = new() { Labels = { ["app"] = app } },
        Spec = new() { Containers = { new Container { Name = "main", Image = image } } },
    };

    public static ReplicaSet ReplicaSet(string name, int replicas, int minReadySeconds = 0) => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = new()
        {
            Replicas = replicas,
            MinReadySeconds = minReadySeconds,
            Selector = new() { MatchLabels = { ["app"] = "web" } },
            Template = Template(),
        },
    };

    public static ReplicationController ReplicationController(string name, int replicas) => new()
    {
        Metadata = new() { Namespace = "default", Name = name },
        Spec = new() { Replicas = replicas, Selector = { ["app"] = "web" }, Template = Template() },
    };

    public static Deployment Deployment(string name, int replicas, string surge = "25%", string unavailable = "25%") => new()
    {
        Metadata = new() { Namespace = "default", Name = name, Annotations = { ["team"] = "blue" } },
        Spec = new()
        {
            Replicas = replicas,
            Selector = new() { MatchLabels = { ["app"] = "web" } },
            Template = Template(),
            ProgressDeadlineSeconds = 600,
            RevisionHistoryLimit = 10,
            Strategy = new()
            {
                Type = "RollingUpdate",
                RollingUpdate = new() { MaxSurge = Value(surge), MaxUnavailable = Value(unavailable) },
            },
        },
    };

    public static Pod Pod(string name, string app = "web", string ns = "default", string node = "") => new()
    {
        Metadata = new() { Namespace = ns, Name = name, Labels = { ["app"] = app } },
        Spec = new() { NodeName = node, Containers = { new Container { Name = "main" } } },
        Status = new() { Phase = "Pending" },
    };

    public static Pod ReadyPod(string name, string ip, string app = "web", string node = "n1")
    {
        var pod = Pod(name, app, node: node);
        pod.Status = new()
        {
            Phase = "Running",
            PodIP = ip,
            Conditions = { new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = new() { Seconds = 1_700_000_000 } } },
        };
        return pod;
    }

    public static Service Service(string name, params ServicePort[] ports) => new()
    {
        Metadata = new() { Namespace = "default", Name = name, Labels = { ["tier"] = "front" } },
        Spec = new() { ClusterIP = "10.96.0.7", Selector = { ["app"] = "web" }, Ports = { ports } },
    };

    public static ServicePort Port(string name, int port, IntOrString target) => new() { Name = name, Port = port, TargetPort = target, Protocol = "TCP" };

    public static Namespace Namespace(string name) => new()
    {
        Metadata = new() { Name = name },
        Spec = new() { Finalizers = { "kubernetes" } },
        Status = new() { Phase = "Active" },
    };

    private static IntOrString Value(string text) =>
        int.TryParse(text, out var number) ? new() { IntVal = number } : new() { Type = 1, StrVal = text };
}

using Cluster.Api.CoreV1;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Tests;

public sealed class PlacedPodsTests
{
    private static Pod Full(string node) => A.Pod("p", cpu: "250m", memory: "1Gi").Labelled("app", "web").OwnedBy("set").On(node).With(spec =>
    {
        spec.Containers[0].Env.Add(new EnvVar { Name = "LONG", Value = "text" });
        spec.Containers[0].Ports.Add(new ContainerPort { ContainerPort_ = 80, HostPort = 8080 });
        spec.Volumes.Add(new Volume { Name = "data" });
        spec.InitContainers.Add(new Container { Name = "sidecar", RestartPolicy = "Always", Resources = new() { Requests = { ["cpu"] = A.Quantity("100m") } } });
    });

    [Fact]
    public void Trim_PodOnANode_KeepsWhatSchedulingAsks()
    {
        var (pod, whole) = (Full("n"), new PodFacts(Full("n")));

        PlacedPods.Trim(pod);
        var left = new PodFacts(pod);

        Assert.True(pod.CalculateSize() < Full("n").CalculateSize());
        Assert.Equal((whole.Key, whole.Uid, whole.NodeName, whole.ControllerUid), (left.Key, left.Uid, left.NodeName, left.ControllerUid));
        Assert.Equal((350, whole.Requests.Memory), (left.Requests.MilliCpu, left.Requests.Memory));
        Assert.Equal((whole.ScoredMilliCpu, whole.ScoredMemory), (left.ScoredMilliCpu, left.ScoredMemory));
        Assert.Equal(whole.HostPorts, left.HostPorts);
        Assert.Equal(whole.Labels, left.Labels);
    }

    [Fact]
    public void Trim_PodWithoutANode_IsLeftAlone()
    {
        var pod = Full("");

        PlacedPods.Trim(pod);

        Assert.Equal(Full(""), pod);
    }
}

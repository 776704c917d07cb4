using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Tests.WatchCache;

public sealed class NodePodsTests
{
    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    private readonly NodePods _pods = new();

    [Fact]
    public void On_PodsThatAskForTheSame_ShareIt()
    {
        Place("a", "1");
        Place("b", "1");
        Place("c", "2");

        var requests = _pods.On("n").OrderBy(pod => pod.Key).Select(pod => pod.Requests).ToList();

        Assert.Same(requests[0], requests[1]);
        Assert.Equal([1, 1, 2], requests.Select(request => request["cpu"].Value));
    }

    private void Place(string name, string cpu) => _pods.Change(null, new ObjectVersion(
        Pods,
        name,
        new Pod
        {
            Metadata = new ObjectMeta { Name = name, ResourceVersion = "1" },
            Spec = new PodSpec { NodeName = "n", Containers = { new Container { Resources = new() { Requests = { ["cpu"] = new() { String = cpu } } } } } },
        },
        1));
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Replication;

namespace Cluster.Controllers.Tests.Replication;

public sealed class DeletionOrderTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_100_000);

    [Fact]
    public void Compare_EachRank_GoesBeforeTheNext()
    {
        Pod[] pods =
        [
            Pod("unassigned", pod => pod.Spec.NodeName = ""),
            Pod("pending", pod => pod.Status.Phase = "Pending"),
            Pod("unknown", pod => pod.Status.Phase = "Unknown"),
            Pod("unready", pod => pod.Status.Conditions[0].Status = "False"),
            Pod("cheap", pod => pod.Metadata.Annotations["controller.kubernetes.io/pod-deletion-cost"] = "-10"),
            Pod("crowded", pod => pod.Spec.NodeName = "crowd"),
            Pod("young", pod => pod.Status.Conditions[0].LastTransitionTime = Now.AddSeconds(-5).ToTime()),
            Pod("restarted", pod => pod.Status.ContainerStatuses.Add(new ContainerStatus { RestartCount = 3 })),
            Pod("new", pod => pod.Metadata.CreationTimestamp = Now.AddSeconds(-5).ToTime()),
            Pod("rest", _ => { }),
        ];
        var related = pods.Append(Pod("neighbour", pod => pod.Spec.NodeName = "crowd"));
        var order = new DeletionOrder(related, Now);
        var shuffled = pods.OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal);

        Assert.Equal(pods.Select(pod => pod.Metadata.Name), shuffled.Order(order).Select(pod => pod.Metadata.Name));
    }

    [Fact]
    public void Compare_AboutTheSameAge_IsDecidedByUid()
    {
        var a = Pod("a", pod => (pod.Metadata.Uid, pod.Metadata.CreationTimestamp) = ("2", Now.AddSeconds(-5000).ToTime()));
        var b = Pod("b", pod => (pod.Metadata.Uid, pod.Metadata.CreationTimestamp) = ("1", Now.AddSeconds(-6000).ToTime()));

        Assert.True(new DeletionOrder([], Now).Compare(a, b) > 0);
    }

    private static Pod Pod(string name, Action<Pod> change)
    {
        var pod = Make.ReadyPod(name, "10.0.0.1", node: "node-of-" + name);
        pod.Metadata.CreationTimestamp = Now.AddDays(-1).ToTime();
        change(pod);
        return pod;
    }
}

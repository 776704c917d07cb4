using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Scheduler;

/// <summary>Takes from pods that have a node what scheduling never asks of them: there are many, and a third is left.</summary>
internal static class PlacedPods
{
    /// <summary>Changes the pod, before anybody has seen it; one without a node is left alone.</summary>
    public static void Trim(Pod pod)
    {
        if (!pod.IsScheduled())
            return;
        pod.Metadata.Annotations.Clear();
        Trim(pod.Spec.Containers);
        Trim(pod.Spec.InitContainers);
        pod.Spec.EphemeralContainers.Clear();
        pod.Spec.Volumes.Clear();
        pod.Status = pod.Status is { } status ? new PodStatus { Phase = status.Phase } : null;
    }

    private static void Trim(IList<Container> containers)
    {
        for (var i = 0; i < containers.Count; i++)
            containers[i] = Left(containers[i]);
    }

    // What they ask for and the ports they take; sidecars count in another way than other init containers.
    private static Container Left(Container container)
    {
        var left = new Container { Name = container.Name, Resources = container.Resources, Ports = { container.Ports } };
        if (container.HasRestartPolicy)
            left.RestartPolicy = container.RestartPolicy;
        return left;
    }
}

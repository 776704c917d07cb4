using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.PodWorkers;
using Microsoft.AspNetCore.Http;

namespace Cluster.Kubelet.Streaming;

/// <summary>The pod and the container that a path names.</summary>
internal sealed class PodLookup(PodWorkerSet workers, ContainerObserver observer)
{
    /// <summary>Null: this node has no such pod, or it is another of the same name.</summary>
    public Pod? FindPod(HttpContext context)
    {
        var route = context.Request.RouteValues;
        var pod = workers.Find((string)route["ns"]!, (string)route["pod"]!);
        return route["uid"] is string uid && pod?.Metadata.Uid != uid ? null : pod;
    }

    /// <summary>Null: the container does not run.</summary>
    public ObservedContainer? FindRunning(Pod pod, string container) =>
        observer.Get(pod.Metadata.Uid)
            .Where(row => !row.IsSandbox && row.ContainerName == container && row.State == ContainerRunState.Running)
            .MaxBy(row => row.Attempt);

    /// <summary>Was it made with a terminal? Null: the pod's spec does not hold it.</summary>
    public static bool? HasTerminal(Pod pod, string container) =>
        pod.Spec.AllContainers().FirstOrDefault(spec => spec.Name == container)?.Tty;
}

using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Kubelets;

/// <summary>Which container of a pod a request means.</summary>
internal static class PodContainer
{
    /// <param name="pod">The pod.</param>
    /// <param name="asked">From the query; empty: the pod's only regular container, whatever init and ephemeral containers it has besides.</param>
    /// <exception cref="StatusException">400: the pod has several and none was named, or none of that name.</exception>
    public static string Choose(Pod pod, string asked)
    {
        var all = pod.Spec.InitContainers.Select(container => container.Name)
            .Concat(pod.Spec.Containers.Select(container => container.Name))
            .Concat(pod.Spec.EphemeralContainers.Select(container => container.EphemeralContainerCommon.Name));
        if (asked.Length > 0)
            return all.Contains(asked) ? asked : throw StatusErrors.BadRequest($"container {asked} is not valid for pod {pod.Metadata.Name}");

        return pod.Spec.Containers.Count switch
        {
            1 => pod.Spec.Containers[0].Name,
            0 => throw StatusErrors.BadRequest($"a container name must be specified for pod {pod.Metadata.Name}"),
            _ => throw StatusErrors.BadRequest($"a container name must be specified for pod {pod.Metadata.Name}, choose one of: [{string.Join(' ', all)}]"),
        };
    }
}

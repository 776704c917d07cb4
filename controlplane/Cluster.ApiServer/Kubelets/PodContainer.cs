using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Kubelets;

/// <summary>Which container of a pod a request means.</summary>
internal static class PodContainer
{
    /// <param name="pod">The pod.</param>
    /// <param name="asked">From the query; empty: the pod's only container.</param>
    /// <exception cref="StatusException">400: the pod has several and none was named, or none of that name.</exception>
    public static string Choose(Pod pod, string asked)
    {
        var containers = pod.Spec.Containers.Select(container => container.Name).ToList();
        var init = pod.Spec.InitContainers.Select(container => container.Name).ToList();
        var ephemeral = pod.Spec.EphemeralContainers.Select(container => container.EphemeralContainerCommon.Name).ToList();
        if (asked.Length > 0)
        {
            return containers.Contains(asked) || init.Contains(asked) || ephemeral.Contains(asked)
                ? asked
                : throw StatusErrors.BadRequest($"container {asked} is not valid for pod {pod.Metadata.Name}");
        }

        if (containers.Count == 1 && init.Count == 0 && ephemeral.Count == 0)
            return containers[0];
        if (containers.Count == 0)
            throw StatusErrors.BadRequest($"a container name must be specified for pod {pod.Metadata.Name}");

        var message = $"a container name must be specified for pod {pod.Metadata.Name}, choose one of: [{string.Join(' ', containers)}]";
        if (init.Count > 0)
            message += $" or one of the init containers: [{string.Join(' ', init)}]";
        if (ephemeral.Count > 0)
            message += $" or one of the ephemeral containers: [{string.Join(' ', ephemeral)}]";
        throw StatusErrors.BadRequest(message);
    }
}

using Cluster.Api.CoreV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of a pod itself; a template in a controller does not have them until it becomes a pod.</summary>
internal static class PodDefaults
{
    public static void Apply(Pod pod)
    {
        if (pod.Spec is not { } spec)
        {
            return;
        }
        PodSpecDefaults.Apply(spec);
        if (!spec.HasEnableServiceLinks)
        {
            spec.EnableServiceLinks = true;
        }
        foreach (var container in spec.Containers.Concat(spec.InitContainers))
        {
            RequestWhatIsLimited(container);
            if (spec.HostNetwork)
            {
                UseContainerPortsOnHost(container);
            }
        }
    }

    private static void RequestWhatIsLimited(Container container)
    {
        if (container.Resources is not { } resources)
        {
            return;
        }
        foreach (var (name, limit) in resources.Limits)
        {
            if (!resources.Requests.ContainsKey(name))
            {
                resources.Requests[name] = limit.Clone();
            }
        }
    }

    private static void UseContainerPortsOnHost(Container container)
    {
        foreach (var port in container.Ports.Where(port => port.HostPort == 0))
        {
            port.HostPort = port.ContainerPort_;
        }
    }
}

using Cluster.Api.CoreV1;
using Cluster.Api.Resource;

namespace Cluster.Kubelet.Tests.Rigs;

/// <summary>Pods for tests, in a line each.</summary>
public static class PodsOf
{
    public static Pod Pod(string name, params Container[] containers)
    {
        var pod = new Pod
        {
            Metadata = new() { Name = name, Namespace = "default", Uid = "uid-" + name },
            Spec = new() { RestartPolicy = "Always", TerminationGracePeriodSeconds = 30, DnsPolicy = "ClusterFirst" },
        };
        pod.Spec.Containers.AddRange(containers.Length == 0 ? [Container("main")] : containers);
        return pod;
    }

    public static Container Container(string name, params string[] command)
    {
        var container = new Container { Name = name, Image = "busybox:1", ImagePullPolicy = "IfNotPresent" };
        container.Command.AddRange(command);
        return container;
    }

    public static Pod With(this Pod pod, Action<Pod> change)
    {
        change(pod);
        return pod;
    }

    public static Container With(this Container container, Action<Container> change)
    {
        change(container);
        return container;
    }

    public static Container Requesting(this Container container, string cpu, string memory)
    {
        container.Resources = new ResourceRequirements();
        container.Resources.Requests["cpu"] = new Quantity { String = cpu };
        container.Resources.Requests["memory"] = new Quantity { String = memory };
        return container;
    }
}

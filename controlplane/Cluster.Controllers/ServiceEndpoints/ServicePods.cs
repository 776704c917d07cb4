using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.ServiceEndpoints;

/// <summary>Which pods answer for which services.</summary>
internal sealed class ServicePods
{
    private const string ByNamespace = "namespace";

    private readonly Informer<Service> _services;
    private readonly Informer<Pod> _pods;

    /// <summary>Watches services and pods: a change that can matter to a service adds its key.</summary>
    public ServicePods(ControllerWatches watches)
    {
        _services = watches.Own<Service>();
        _services.AddIndex(ByNamespace, service => [service.Metadata.Namespace]);
        _pods = watches.On<Pod>((old, current) => AddServices(watches, old, current));
        _pods.AddIndex(ByNamespace, pod => [pod.Metadata.Namespace]);
    }

    public Service? Get(ObjectKey key) => _services.Get(key);

    /// <summary>A service without a selector has endpoints that someone else writes.</summary>
    public static bool Selects(Service service) => service.Spec?.Selector.Count > 0 && service.Spec.Type != "ExternalName";

    public static bool IsHeadless(Service service) => service.Spec.ClusterIP == "None";

    /// <summary>The service's pods that have an address and are not finished.</summary>
    public List<Pod> Of(Service service)
    {
        var selector = LabelSelector.From(service.Spec.Selector);
        return [.. _pods.ByIndex(ByNamespace, service.Metadata.Namespace)
            .Where(pod => pod.Status?.PodIP.Length > 0 && !pod.IsTerminal() && selector.Matches(pod))];
    }

    /// <summary>The number a service port means on this pod; null: the pod has no such port.</summary>
    public static int? FindPort(Pod pod, ServicePort port)
    {
        if (port.TargetPort is not { } target || (target.IsInt() && target.IntVal == 0))
        {
            return port.Port;
        }

        if (target.IsInt())
        {
            return target.IntVal;
        }

        return pod.Spec.Containers.SelectMany(container => container.Ports)
            .FirstOrDefault(candidate => candidate.Name == target.StrVal && Protocol(candidate.Protocol) == Protocol(port.Protocol))?.ContainerPort_;
    }

    public static string Protocol(string protocol) => protocol.Length == 0 ? "TCP" : protocol;

    private void AddServices(ControllerWatches watches, Pod? old, Pod? current)
    {
        if (old is not null && current is not null && !Matters(old, current))
        {
            return;
        }

        foreach (var service in _services.ByIndex(ByNamespace, (current ?? old)!.Metadata.Namespace))
        {
            if (Selects(service) && LabelSelector.From(service.Spec.Selector) is var selector
                && ((old is not null && selector.Matches(old)) || (current is not null && selector.Matches(current))))
            {
                watches.Add(ObjectKey.Of(service));
            }
        }
    }

    /// <summary>Most changes of a pod (counts, probe times) change no endpoint.</summary>
    private static bool Matters(Pod old, Pod current) =>
        old.IsReady() != current.IsReady()
        || old.Status?.PodIP != current.Status?.PodIP
        || old.IsTerminal() != current.IsTerminal()
        || old.IsTerminating() != current.IsTerminating()
        || old.Spec?.NodeName != current.Spec?.NodeName
        || !old.Metadata.Labels.Equals(current.Metadata.Labels);
}

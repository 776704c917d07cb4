using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Which pods suffer first when the node runs short. Only cpu and memory count.</summary>
public static class QosClass
{
    public const string Guaranteed = "Guaranteed";
    public const string Burstable = "Burstable";
    public const string BestEffort = "BestEffort";

    private static readonly string[] Counted = ["cpu", "memory"];

    public static string Of(Pod pod)
    {
        var containers = pod.Spec.Containers.Concat(pod.Spec.InitContainers).ToList();
        if (containers.All(IsBestEffort)) return BestEffort;
        return containers.All(IsGuaranteed) ? Guaranteed : Burstable;
    }

    private static bool IsBestEffort(Container container) =>
        Counted.All(name => Limit(container, name).IsZero && Request(container, name).IsZero);

    private static bool IsGuaranteed(Container container) => Counted.All(name =>
    {
        var limit = Limit(container, name);
        var request = Request(container, name);

        // A limit without a request is a request of the same.
        return !limit.IsZero && (request.IsZero || request == limit);
    });

    internal static QuantityValue Limit(Container container, string name) =>
        container.Resources is { } resources && resources.Limits.TryGetValue(name, out var quantity) ? QuantityValue.From(quantity) : default;

    internal static QuantityValue Request(Container container, string name) =>
        container.Resources is { } resources && resources.Requests.TryGetValue(name, out var quantity) ? QuantityValue.From(quantity) : default;
}

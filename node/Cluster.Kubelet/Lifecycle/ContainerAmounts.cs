using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>What one container asks for and may use; zero where it says nothing.</summary>
internal static class ContainerAmounts
{
    public static QuantityValue Limit(Container container, string resource) =>
        container.Resources is { } resources && resources.Limits.TryGetValue(resource, out var quantity)
            ? QuantityValue.From(quantity)
            : default;

    public static QuantityValue Request(Container container, string resource) =>
        container.Resources is { } resources && resources.Requests.TryGetValue(resource, out var quantity)
            ? QuantityValue.From(quantity)
            : default;
}

using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Api.Resource;

namespace Cluster.Api;

/// <summary>What a pod's containers ask for, taken together.</summary>
public static partial class Pods
{
    /// <summary>
    /// What a node must have free for the pod: the containers side by side or the hungriest init container, whichever is more,
    /// and the overhead. Sidecars count beside everything that starts after them.
    /// </summary>
    public static Dictionary<string, QuantityValue> Requests(PodSpec spec) => Total(spec, container => container.Resources?.Requests ?? []);

    /// <summary>The same sum of limits; a container without a limit adds nothing.</summary>
    public static Dictionary<string, QuantityValue> Limits(PodSpec spec) => Total(spec, container => container.Resources?.Limits ?? []);

    /// <summary>Guaranteed, Burstable or BestEffort: who is evicted last when a node runs out of memory.</summary>
    public static string QosClass(PodSpec spec)
    {
        var containers = spec.Containers.Concat(spec.InitContainers).ToList();
        if (containers.TrueForAll(container => !AsksForAnything(container)))
        {
            return "BestEffort";
        }
        return containers.TrueForAll(IsGuaranteed) ? "Guaranteed" : "Burstable";
    }

    private static Dictionary<string, QuantityValue> Total(PodSpec spec, Func<Container, IDictionary<string, Quantity>> amounts)
    {
        var running = new Dictionary<string, QuantityValue>();
        foreach (var container in spec.Containers)
        {
            Add(running, amounts(container));
        }
        var sidecars = new Dictionary<string, QuantityValue>();
        var starting = new Dictionary<string, QuantityValue>();
        foreach (var container in spec.InitContainers)
        {
            if (container.IsSidecar())
            {
                Add(running, amounts(container));
                Add(sidecars, amounts(container));
                Raise(starting, sidecars);
            }
            else
            {
                var alone = new Dictionary<string, QuantityValue>(sidecars);
                Add(alone, amounts(container));
                Raise(starting, alone);
            }
        }
        Raise(running, starting);
        Add(running, spec.Overhead);
        return running;
    }

    private static void Add(Dictionary<string, QuantityValue> total, IDictionary<string, Quantity> amounts)
    {
        foreach (var (name, amount) in amounts)
        {
            total[name] = total.GetValueOrDefault(name) + QuantityValue.From(amount);
        }
    }

    private static void Raise(Dictionary<string, QuantityValue> total, Dictionary<string, QuantityValue> atLeast)
    {
        foreach (var (name, amount) in atLeast)
        {
            if (!total.TryGetValue(name, out var current) || current < amount)
            {
                total[name] = amount;
            }
        }
    }

    private static bool AsksForAnything(Container container) =>
        ComputeResources(container.Resources?.Requests).Concat(ComputeResources(container.Resources?.Limits)).Any();

    private static bool IsGuaranteed(Container container)
    {
        var limits = ComputeResources(container.Resources?.Limits).ToDictionary();
        var requests = ComputeResources(container.Resources?.Requests).ToDictionary();
        return limits.Count == 2 && requests.All(request => limits.TryGetValue(request.Key, out var limit) && limit == request.Value);
    }

    private static IEnumerable<KeyValuePair<string, QuantityValue>> ComputeResources(IDictionary<string, Quantity>? amounts) =>
        (amounts ?? new Dictionary<string, Quantity>())
            .Where(amount => amount.Key is "cpu" or "memory")
            .Select(amount => KeyValuePair.Create(amount.Key, QuantityValue.From(amount.Value)))
            .Where(amount => amount.Value.Sign > 0);
}

using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Api.Resource;
using Google.Protobuf.Collections;

namespace Cluster.Api;

/// <summary>What a pod's containers ask for, taken together.</summary>
public static partial class Pods
{
    private const string Cpu = "cpu";
    private const string Memory = "memory";

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
        var (asks, guaranteed) = (false, true);
        foreach (var containers in (ReadOnlySpan<RepeatedField<Container>>)[spec.Containers, spec.InitContainers])
        {
            for (var i = 0; i < containers.Count; i++)
            {
                asks |= AsksForAnything(containers[i].Resources);
                guaranteed &= IsGuaranteed(containers[i].Resources);
            }
        }

        return !asks ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
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

    private static bool AsksForAnything(ResourceRequirements? resources) => resources is not null
        && (Amount(resources.Requests, Cpu).Sign > 0 || Amount(resources.Requests, Memory).Sign > 0
            || Amount(resources.Limits, Cpu).Sign > 0 || Amount(resources.Limits, Memory).Sign > 0);

    private static bool IsGuaranteed(ResourceRequirements? resources) =>
        resources is not null && IsGuaranteed(resources, Cpu) && IsGuaranteed(resources, Memory);

    private static bool IsGuaranteed(ResourceRequirements resources, string name)
    {
        var (request, limit) = (Amount(resources.Requests, name), Amount(resources.Limits, name));
        return limit.Sign > 0 && (request.Sign <= 0 || request == limit);
    }

    private static QuantityValue Amount(MapField<string, Quantity> amounts, string name) =>
        amounts.TryGetValue(name, out var amount) ? QuantityValue.From(amount) : default;
}

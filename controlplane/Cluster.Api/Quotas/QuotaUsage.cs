using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Api.Resource;

namespace Cluster.Api.Quotas;

/// <summary>What an object uses up of a ResourceQuota: amounts by the names that a quota's <c>hard</c> may hold. All methods only read.</summary>
public static class QuotaUsage
{
    private const string PerClass = ".storageclass.storage.k8s.io/";

    private static readonly QuantityValue One = QuantityValue.FromLong(1);

    /// <summary>Kinds that can be bounded by their plural name alone, as well as by <c>count/</c>.</summary>
    private static readonly HashSet<string> PlainNames =
        ["configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services"];

    /// <summary>The amounts of one object; a name that is not there is not used.</summary>
    /// <param name="type">The resource of the object.</param>
    /// <param name="obj">The object.</param>
    /// <param name="now">Until then a pod that is being deleted counts if its grace period has not ended.</param>
    public static Dictionary<string, QuantityValue> Of(ResourceType type, IApiObject obj, DateTimeOffset now)
    {
        var usage = new Dictionary<string, QuantityValue> { [CountOf(type)] = One };
        if (type.Group.Length == 0 && PlainNames.Contains(type.Plural))
        {
            usage[type.Plural] = One;
        }

        switch (obj)
        {
            case Pod pod when Occupies(pod, now):
                AddPod(usage, pod.Spec ?? new());
                break;
            case Service { Spec: { } spec }:
                AddService(usage, spec);
                break;
            case PersistentVolumeClaim claim:
                AddClaim(usage, claim);
                break;
        }

        return usage;
    }

    /// <summary>Whether objects of the resource can use up the name.</summary>
    public static bool IsOf(ResourceType type, string name) =>
        name == CountOf(type) || (type.Group.Length == 0 && type.Plural switch
        {
            "pods" => IsOfPods(name),
            "services" => name is "services" or "services.nodeports" or "services.loadbalancers",
            "persistentvolumeclaims" =>
                name is "persistentvolumeclaims" or "requests.storage" || name.Contains(PerClass, StringComparison.Ordinal),
            var plural => name == plural && PlainNames.Contains(plural),
        });

    private static string CountOf(ResourceType type) => "count/" + type.GroupResource;

    private static bool IsOfPods(string name) =>
        name is "pods" or "cpu" or "memory" or "ephemeral-storage" || name.StartsWith("limits.", StringComparison.Ordinal)
        || (name.StartsWith("requests.", StringComparison.Ordinal) && name != "requests.storage")
        || name.StartsWith("hugepages-", StringComparison.Ordinal);

    /// <summary>A pod that ended holds nothing; nor does one whose node let its grace period pass.</summary>
    private static bool Occupies(Pod pod, DateTimeOffset now) =>
        !pod.IsTerminal()
        && !(pod.Metadata is { DeletionTimestamp: { } deletion, HasDeletionGracePeriodSeconds: true } && now > deletion.ToDateTimeOffset());

    private static void AddPod(Dictionary<string, QuantityValue> usage, PodSpec spec)
    {
        usage["pods"] = One;
        foreach (var (name, amount) in Pods.Requests(spec))
        {
            usage["requests." + name] = amount;
            // A bare name is short for the request; extended resources have none.
            if (!name.Contains('/', StringComparison.Ordinal))
            {
                usage[name] = amount;
            }
        }

        foreach (var (name, amount) in Pods.Limits(spec))
        {
            usage["limits." + name] = amount;
        }
    }

    private static void AddService(Dictionary<string, QuantityValue> usage, ServiceSpec spec)
    {
        if (spec.Type is not ("NodePort" or "LoadBalancer"))
        {
            return;
        }

        if (spec.Type == "LoadBalancer")
        {
            usage["services.loadbalancers"] = One;
        }

        var hasPorts = spec.Type == "NodePort" || !spec.HasAllocateLoadBalancerNodePorts || spec.AllocateLoadBalancerNodePorts;
        usage["services.nodeports"] = QuantityValue.FromLong(hasPorts ? spec.Ports.Count : spec.Ports.Count(port => port.NodePort > 0));
    }

    private static void AddClaim(Dictionary<string, QuantityValue> usage, PersistentVolumeClaim claim)
    {
        var size = QuantityValue.From(claim.Spec?.Resources?.Requests.GetValueOrDefault("storage"));
        usage["requests.storage"] = size;
        if (claim.Spec is { StorageClassName.Length: > 0 } spec)
        {
            usage[spec.StorageClassName + PerClass + "persistentvolumeclaims"] = One;
            usage[spec.StorageClassName + PerClass + "requests.storage"] = size;
        }
    }

    private static Quantity? GetValueOrDefault(this IDictionary<string, Quantity> amounts, string name) =>
        amounts.TryGetValue(name, out var amount) ? amount : null;
}

using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Api.Resource;
using Google.Protobuf.Collections;

namespace Cluster.Api.Validation;

/// <summary>What a container asks for and may use at most.</summary>
internal static class ResourceRules
{
    private static readonly HashSet<string> OfContainers = ["cpu", "memory", "ephemeral-storage"];

    /// <summary>Counted things, and what quotas limit.</summary>
    private static readonly HashSet<string> Standard =
    [
        "cpu", "memory", "ephemeral-storage", "storage", "pods", "services", "replicationcontrollers", "resourcequotas", "secrets",
        "persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers", "requests.cpu", "requests.memory",
        "requests.storage", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
    ];

    private static readonly HashSet<string> WholeOnly =
    [
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
        "services.nodeports", "services.loadbalancers",
    ];

    private static readonly HashSet<string> CpuDivisors = ["1m", "1"];
    private static readonly HashSet<string> ByteDivisors =
        ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

    public static void Check(ResourceRequirements? resources, FieldPath path, FieldErrors errors)
    {
        if (resources is null)
        {
            return;
        }
        Amounts(resources.Limits, path.Child("limits"), errors);
        Amounts(resources.Requests, path.Child("requests"), errors);
        foreach (var (name, request) in resources.Requests)
        {
            AgainstLimit(name, Value(request), resources, path, errors);
        }
        if (!Has(resources, "cpu") && !Has(resources, "memory") && resources.Limits.Keys.Concat(resources.Requests.Keys).Any(IsHugePages))
        {
            errors.Forbidden(path, "HugePages require cpu or memory");
        }
    }

    /// <summary>What a runtime class adds to the containers' requests.</summary>
    public static void Overhead(MapField<string, Quantity> overhead, FieldPath path, FieldErrors errors) =>
        Amounts(overhead, path.Child("limits"), errors);

    public static void SizeLimit(Quantity? limit, FieldPath path, FieldErrors errors)
    {
        if (Value(limit).Sign < 0)
        {
            errors.Forbidden(path, "SizeLimit field must be a valid resource quantity");
        }
    }

    /// <summary>An amount of a node: not negative, whole where it is counted.</summary>
    public static void Amount(string name, Quantity quantity, FieldPath path, FieldErrors errors)
    {
        var value = Value(quantity);
        if (value.Sign < 0)
        {
            errors.Invalid(path, quantity.String, FieldErrors.Negative);
        }
        if ((WholeOnly.Contains(name) || IsExtended(name)) && value.MilliValue % 1000 != 0)
        {
            errors.Invalid(path, quantity.String, "must be an integer");
        }
    }

    /// <summary>The unit a container's own limit is told in.</summary>
    public static void Divisor(ResourceFieldSelector selector, FieldPath path, FieldErrors errors)
    {
        var divisor = Value(selector.Divisor);
        if (divisor.IsZero)
        {
            return;
        }
        const string bytes = "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the";
        var (allowed, complaint) = selector.Resource switch
        {
            "limits.cpu" or "requests.cpu" => (CpuDivisors, "only divisor's values 1m and 1 are supported with the cpu resource"),
            "limits.memory" or "requests.memory" => (ByteDivisors, $"{bytes} memory resource"),
            "limits.ephemeral-storage" or "requests.ephemeral-storage" => (ByteDivisors, $"{bytes} local ephemeral storage resource"),
            _ => (ByteDivisors, $"{bytes} hugepages resource"),
        };
        if (!allowed.Contains(divisor.ToString()))
        {
            errors.Invalid(path, selector.Resource, complaint);
        }
    }

    private static void Amounts(MapField<string, Quantity> amounts, FieldPath path, FieldErrors errors)
    {
        foreach (var (name, quantity) in amounts)
        {
            var at = path.Key(name);
            Name(name, at, errors);
            Amount(name, quantity, at, errors);
        }
    }

    /// <summary>The name of a resource of any kind, as limit ranges and quotas know them.</summary>
    public static void AnyName(string name, FieldPath path, FieldErrors errors)
    {
        var count = errors.Found;
        errors.Format(path, name, NameFormats.QualifiedName);
        if (errors.Found == count && !name.Contains('/', StringComparison.Ordinal) && !Standard.Contains(name) && !IsHugePages(name))
        {
            errors.Invalid(path, name, "must be a standard resource type or fully qualified");
        }
    }

    /// <summary>The name of something a quota can count.</summary>
    public static void QuotaName(string name, FieldPath path, FieldErrors errors)
    {
        var count = errors.Found;
        AnyName(name, path, errors);
        if (errors.Found == count && !name.Contains('/', StringComparison.Ordinal) && !IsHugePages(name) && !IsOfQuota(name))
        {
            errors.Invalid(path, name, "must be a standard resource for quota");
        }
    }

    /// <summary>Quotas know requests and limits of huge pages too.</summary>
    private static bool IsOfQuota(string name) => Standard.Contains(name) || name.StartsWith("requests.hugepages-", StringComparison.Ordinal);

    /// <summary>The name of what a container asks for.</summary>
    public static void Name(string name, FieldPath path, FieldErrors errors)
    {
        AnyName(name, path, errors);
        var isPlain = !name.Contains('/', StringComparison.Ordinal);
        if (isPlain && !OfContainers.Contains(name) && !IsHugePages(name))
        {
            errors.Invalid(path, name, "must be a standard resource for containers");
        }
        else if (!isPlain && !IsNative(name) && !IsExtended(name))
        {
            errors.Invalid(path, name, "doesn't follow extended resource name standard");
        }
    }

    private static void AgainstLimit(string name, QuantityValue request, ResourceRequirements resources, FieldPath path, FieldErrors errors)
    {
        var mayOvercommit = IsNative(name) && !IsHugePages(name);
        if (!resources.Limits.TryGetValue(name, out var quantity))
        {
            if (!mayOvercommit)
            {
                errors.Required(path.Child("limits"), "Limit must be set for non overcommitable resources");
            }
            return;
        }
        var limit = Value(quantity);
        if (!mayOvercommit && request != limit)
        {
            errors.Invalid(path.Child("requests"), request.ToString(), $"must be equal to {name} limit of {limit}");
        }
        else if (request > limit)
        {
            errors.Invalid(path.Child("requests"), request.ToString(), $"must be less than or equal to {name} limit of {limit}");
        }
    }

    private static bool Has(ResourceRequirements resources, string name) =>
        resources.Limits.ContainsKey(name) || resources.Requests.ContainsKey(name);

    private static bool IsHugePages(string name) => name.StartsWith("hugepages-", StringComparison.Ordinal);

    private static bool IsNative(string name) =>
        !name.Contains('/', StringComparison.Ordinal) || name.Contains("kubernetes.io/", StringComparison.Ordinal);

    private static bool IsExtended(string name) => !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal)
        && !NameFormats.QualifiedName("requests." + name).Any();

    /// <summary>Decoding has refused what is no quantity.</summary>
    private static QuantityValue Value(Quantity? quantity) => QuantityValue.TryParse(quantity?.String, out var value) ? value : default;
}

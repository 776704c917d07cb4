using Cluster.Api.CoreV1;
using Cluster.Api.Resource;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of the small core kinds.</summary>
internal static class CoreDefaults
{
    /// <summary>Lets a selector choose namespaces by name.</summary>
    private const string NameLabel = "kubernetes.io/metadata.name";

    public static void Apply(Namespace ns)
    {
        ns.Status ??= new NamespaceStatus();
        ns.Status.Phase = ns.Status.Phase.Or("Active");
        if (ns.Metadata is { Name.Length: > 0 } metadata)
        {
            metadata.Labels[NameLabel] = metadata.Name;
        }
    }

    /// <summary>A node that keeps nothing for itself offers all it has.</summary>
    public static void Apply(Node node)
    {
        if (node.Status is not { } status)
        {
            return;
        }
        if (status is { Allocatable.Count: 0, Capacity.Count: > 0 })
        {
            status.Allocatable.Add(status.Capacity.Clone());
        }
        ResourceListDefaults.Apply(status.Capacity);
        ResourceListDefaults.Apply(status.Allocatable);
    }

    /// <summary>stringData is for writing only: it becomes data.</summary>
    public static void Apply(Secret secret)
    {
        secret.Type = secret.Type.Or("Opaque");
        foreach (var (key, text) in secret.StringData)
        {
            secret.Data[key] = ByteString.CopyFromUtf8(text);
        }
        secret.StringData.Clear();
    }

    public static void Apply(ResourceQuota quota)
    {
        ResourceListDefaults.Apply(quota.Spec?.Hard ?? []);
        ResourceListDefaults.Apply(quota.Status?.Hard ?? []);
        ResourceListDefaults.Apply(quota.Status?.Used ?? []);
    }

    /// <summary>A container that names no limit gets the largest allowed; one that names no request gets its limit, or the least allowed.</summary>
    public static void Apply(LimitRange range)
    {
        foreach (var item in range.Spec?.Limits ?? [])
        {
            if (item.Type == "Container")
            {
                AddMissing(item.Default, item.Max);
                AddMissing(item.DefaultRequest, item.Default);
                AddMissing(item.DefaultRequest, item.Min);
            }
            foreach (var amounts in new[] { item.Max, item.Min, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio })
            {
                ResourceListDefaults.Apply(amounts);
            }
        }
    }

    private static void AddMissing(MapField<string, Quantity> amounts, MapField<string, Quantity> from)
    {
        foreach (var (name, amount) in from)
        {
            amounts.TryAdd(name, amount.Clone());
        }
    }
}

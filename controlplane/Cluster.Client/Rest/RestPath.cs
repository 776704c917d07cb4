using System.Globalization;
using System.Text;
using Cluster.Api;

namespace Cluster.Client;

/// <summary>Paths and queries of Kubernetes' REST API.</summary>
internal static class RestPath
{
    public static string Of(ResourceType type, string? ns, string? name, string? subresource) => Of(type, type.Version, ns, name, subresource);

    public static string Of(ResourceType type, string version, string? ns, string? name, string? subresource)
    {
        var path = new StringBuilder(type.Group.Length == 0 ? "api/" : $"apis/{type.Group}/").Append(version);
        if (type.Namespaced && !string.IsNullOrEmpty(ns))
        {
            path.Append("/namespaces/").Append(Uri.EscapeDataString(ns));
        }

        path.Append('/').Append(type.Plural);
        if (!string.IsNullOrEmpty(name))
        {
            path.Append('/').Append(Uri.EscapeDataString(name));
        }

        if (!string.IsNullOrEmpty(subresource))
        {
            path.Append('/').Append(subresource);
        }

        return path.ToString();
    }

    public static string Query(ListQuery query, bool watch)
    {
        var parts = new List<string>();
        Add(parts, "labelSelector", query.LabelSelector);
        Add(parts, "fieldSelector", query.FieldSelector);
        Add(parts, "resourceVersion", query.ResourceVersion);
        if (watch)
        {
            parts.Add("watch=true");
            Add(parts, "allowWatchBookmarks", query.AllowBookmarks ? "true" : null);
        }
        else
        {
            Add(parts, "limit", query.Limit?.ToString(CultureInfo.InvariantCulture));
            Add(parts, "continue", query.Continue);
        }

        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }

    private static void Add(List<string> parts, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            parts.Add($"{name}={Uri.EscapeDataString(value)}");
        }
    }
}

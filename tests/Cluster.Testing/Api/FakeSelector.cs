using Cluster.Api;
using Cluster.Client;
using Google.Protobuf;

namespace Cluster.Testing;

/// <summary>Which objects a list or a watch is about.</summary>
internal sealed class FakeSelector(ResourceType type, string? ns, ListQuery query)
{
    private readonly string[] _labels = Terms(query.LabelSelector);
    private readonly string[] _fields = Terms(query.FieldSelector);

    public bool Matches(IApiObject? obj) =>
        obj is not null
        && (!type.Namespaced || string.IsNullOrEmpty(ns) || obj.Metadata.Namespace == ns)
        && _labels.All(term => Holds(term, key => obj.Metadata.Labels.TryGetValue(key, out var value) ? value : null))
        && _fields.All(term => Holds(term, path => Field(obj, path.Split('.'))));

    private static string[] Terms(string? selector) =>
        string.IsNullOrEmpty(selector) ? [] : selector.Split(',', StringSplitOptions.TrimEntries);

    private static bool Holds(string term, Func<string, string?> value)
    {
        var not = term.IndexOf("!=", StringComparison.Ordinal);
        if (not > 0)
        {
            return value(term[..not]) != term[(not + 2)..];
        }

        var equal = term.IndexOf('=', StringComparison.Ordinal);
        return equal < 0 ? value(term) is not null : value(term[..equal]) == term[(equal + 1)..].TrimStart('=');
    }

    private static string Field(IMessage message, ReadOnlySpan<string> path)
    {
        var value = message.Descriptor.FindFieldByName(path[0])?.Accessor.GetValue(message);
        return path.Length == 1 ? value?.ToString() ?? "" : value is IMessage inner ? Field(inner, path[1..]) : "";
    }
}

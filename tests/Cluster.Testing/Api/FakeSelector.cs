using Cluster.Api;
using Cluster.Api.Selectors;
using Cluster.Client;

namespace Cluster.Testing;

/// <summary>Which objects a list or a watch is about.</summary>
internal sealed class FakeSelector(ResourceType type, string? ns, ListQuery query)
{
    private readonly LabelSelector _labels = LabelSelector.Parse(query.LabelSelector ?? "");
    private readonly FieldSelector _fields = FieldSelector.Parse(query.FieldSelector ?? "", type);

    public bool Matches(IApiObject? obj) =>
        obj is not null
        && (!type.Namespaced || string.IsNullOrEmpty(ns) || obj.Metadata.Namespace == ns)
        && _labels.Matches(obj)
        && _fields.Matches(obj);
}

using Cluster.Api;
using Cluster.Api.Selectors;

namespace Cluster.ApiServer.WatchCache;

/// <summary>Which objects of a resource a list or a watch sees. Immutable.</summary>
/// <param name="KeyPrefix">Namespace by store key: the resource's prefix, or that and the namespace.</param>
/// <param name="Labels">Label selector.</param>
/// <param name="Fields">Field selector.</param>
internal sealed record ObjectFilter(string KeyPrefix, LabelSelector Labels, FieldSelector Fields)
{
    /// <summary>Something but the namespace decides.</summary>
    public bool IsSelective => !Labels.IsEmpty || !Fields.IsEmpty;

    /// <summary>The one name the field selector asks for, or null.</summary>
    public string? Name => Fields.RequiredValue("metadata.name");

    /// <param name="version">The version whose names the field selector uses.</param>
    /// <param name="ns">Null or empty: every namespace.</param>
    /// <param name="labels">Label selector.</param>
    /// <param name="fields">Field selector.</param>
    public static ObjectFilter Of(ResourceType version, string? ns, string labels, string fields) => new(
        version.Namespaced && !string.IsNullOrEmpty(ns) ? $"{version.Storage.StoragePrefix}{ns}/" : version.Storage.StoragePrefix!,
        labels.Length == 0 ? LabelSelector.Everything : LabelSelector.Parse(labels),
        fields.Length == 0 ? FieldSelector.Everything : FieldSelector.Parse(fields, version));

    public bool Matches(ObjectVersion version) =>
        version.Key.StartsWith(KeyPrefix, StringComparison.Ordinal) && MatchesSelectors(version);

    /// <summary>As the other; without selectors the object is not even made of its bytes.</summary>
    public bool MatchesSelectors(ObjectVersion version) => !IsSelective || MatchesSelectors(version.Object);

    /// <summary>For objects whose key is known to have the prefix.</summary>
    public bool MatchesSelectors(IApiObject obj) =>
        (Labels.IsEmpty || Labels.Matches(obj)) && (Fields.IsEmpty || Fields.Matches(obj));
}

namespace Cluster.Api.Patching;

/// <summary>The media types of patches.</summary>
public static class PatchMediaTypes
{
    /// <summary>RFC 6902: a list of operations.</summary>
    public const string Json = "application/json-patch+json";

    /// <summary>RFC 7386: the object's own shape, null to remove.</summary>
    public const string Merge = "application/merge-patch+json";

    /// <summary>Kubernetes' own: as a merge patch, but lists merge by key, with <c>$</c> directives.</summary>
    public const string Strategic = "application/strategic-merge-patch+json";

    /// <summary>Server-side apply: a part of an object, in YAML or JSON, merged by who owns which fields. Not for <see cref="Patch"/>.</summary>
    public const string Apply = "application/apply-patch+yaml";

    public static IReadOnlyList<string> All { get; } = [Json, Merge, Strategic, Apply];
}

using Cluster.Api.Custom;
using Google.Protobuf.Reflection;

namespace Cluster.Api;

/// <summary>A part of a resource with a path of its own, such as pods/status.</summary>
/// <param name="Name">The last segment of the path.</param>
/// <param name="ApiVersion">apiVersion of the body, which may belong to another group (deployments/scale: autoscaling/v1).</param>
/// <param name="Kind">Kind of the body.</param>
/// <param name="Verbs">In discovery's order.</param>
public sealed record Subresource(string Name, string ApiVersion, string Kind, IReadOnlyList<string> Verbs)
{
    /// <summary>A conversation and no object: there is nothing to read or write but over HTTP.</summary>
    public bool Connects { get; init; }
}

/// <summary>One served resource: what discovery tells of it, its messages, and where its objects are stored. Immutable.</summary>
public sealed record ResourceType
{
    /// <summary>API group; the empty string for the core group.</summary>
    public required string Group { get; init; }

    public required string Version { get; init; }

    public required string Kind { get; init; }

    /// <summary>Lower-case plural: the segment of the REST path.</summary>
    public required string Plural { get; init; }

    public required string Singular { get; init; }

    public required bool Namespaced { get; init; }

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public required IReadOnlyList<string> Verbs { get; init; }

    public IReadOnlyList<Subresource> Subresources { get; init; } = [];

    /// <summary>The message of one object.</summary>
    public required MessageDescriptor Descriptor { get; init; }

    /// <summary>The message of a list; null for a kind that is only created (Binding, TokenRequest...).</summary>
    public MessageDescriptor? ListDescriptor { get; init; }

    /// <summary>Key prefix in the store, with both slashes: <c>/registry/pods/</c>. Null for a kind that is not stored.</summary>
    /// <remarks>Kubernetes' own layout, old names included (nodes are minions, replication controllers are controllers).</remarks>
    public string? StoragePrefix { get; init; }

    /// <summary>The message of the version this one is stored as; null: the kind is stored in this version, or not at all.</summary>
    public MessageDescriptor? StoredAs { get; init; }

    /// <summary>The stored version of a kind that a definition added, where this is another; null: the kind is stored in this one.</summary>
    public ResourceType? StoredVersion { get; init; }

    /// <summary>What a definition says of the version; null: the kind is built in.</summary>
    public CustomVersion? Custom { get; init; }

    /// <summary>What whoever uses the version is told each time; null: it is not deprecated.</summary>
    public string? Warning
    {
        get => Custom?.Warning ?? field;
        init;
    }

    /// <summary>The kind is stored in this version, or not at all.</summary>
    public bool IsStoredVersion => StoredAs is null && StoredVersion is null;

    /// <summary>The version that is stored.</summary>
    public ResourceType Storage => StoredVersion ?? (StoredAs is null ? this : ResourceCatalog.Find(StoredAs)!);

    /// <summary><c>v1</c> for the core group, <c>group/version</c> otherwise.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary><c>pods</c> or <c>deployments.apps</c>: how error messages name the resource.</summary>
    public string GroupResource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    public string ListKind
    {
        get => field ?? Kind + "List";
        init;
    }

    /// <summary>The store key of one object.</summary>
    /// <exception cref="InvalidOperationException">The kind is not stored.</exception>
    public string Key(string? ns, string name) =>
        StoragePrefix is null ? throw new InvalidOperationException($"{Kind} is not stored")
        : Namespaced ? $"{StoragePrefix}{ns}/{name}" : StoragePrefix + name;

    /// <summary>A new, empty object of the kind.</summary>
    public IApiObject NewObject() => (IApiObject)Descriptor.Parser.ParseFrom([]);

    public override string ToString() => $"{ApiVersion} {Kind}";
}

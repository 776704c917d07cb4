using Cluster.Api;
using Cluster.Api.MetaV1;
using Google.Protobuf;

namespace Cluster.Client;

/// <summary>The cluster's API as components use it: typed, asynchronous, one method a verb.</summary>
/// <remarks>
/// Every failure the server reports is a <see cref="StatusException"/>; a server that cannot be reached is an
/// <see cref="HttpRequestException"/> or an <see cref="IOException"/>. Safe for concurrent use. Objects returned are the caller's own.
/// A namespace of null means the cluster scope or, in lists and watches of a namespaced kind, every namespace.
/// </remarks>
public interface IApiClient
{
    Task<T> GetAsync<T>(string? ns, string name, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>One page, or everything where the query sets no limit.</summary>
    Task<ResourceList<T>> ListAsync<T>(string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>
    /// Changes after the query's resource version, until the server ends the watch (the enumeration ends) or refuses it
    /// (<see cref="StatusException"/>, <see cref="StatusException.IsGone"/> for a version too old).
    /// </summary>
    IAsyncEnumerable<ResourceEvent<T>> WatchAsync<T>(string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>Creates in <c>obj.Metadata.Namespace</c>; returns what the server stored.</summary>
    Task<T> CreateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>Replaces; a resourceVersion in the metadata is a precondition (409 otherwise).</summary>
    Task<T> UpdateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>Replaces the status alone.</summary>
    Task<T> UpdateStatusAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>Replaces a part of the object by its path: <c>finalize</c> of a namespace, for one.</summary>
    Task<T> UpdateSubresourceAsync<T>(T obj, string subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>Patches the object or, with <paramref name="subresource"/>, a part of it.</summary>
    Task<T> PatchAsync<T>(string? ns, string name, PatchBody patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>Deletes, gracefully where the kind knows grace. Preconditions and the grace period go in <paramref name="options"/>.</summary>
    Task DeleteAsync<T>(string? ns, string name, DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IApiObject, new();

    /// <summary>Binds a pod to a node; 409 if the pod is bound, gone, of another uid, or would overcommit the node.</summary>
    Task BindAsync(string ns, string pod, string node, string? uid, CancellationToken cancellationToken);
}

/// <summary>What to list or watch.</summary>
public sealed record ListQuery
{
    public static readonly ListQuery All = new();

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>List: null reads fresh, "0" any version the server has at hand. Watch: events after it; null: the state first.</summary>
    public string? ResourceVersion { get; init; }

    public int? Limit { get; init; }

    public string? Continue { get; init; }

    /// <summary>Watch: ask for BOOKMARK events.</summary>
    public bool AllowBookmarks { get; init; }
}

/// <summary>A page of objects and the version it was read at.</summary>
public sealed record ResourceList<T>(IReadOnlyList<T> Items, string ResourceVersion, string? Continue);

public enum ResourceEventType
{
    Added,
    Modified,
    Deleted,

    /// <summary>Nothing changed: the object holds only a newer resourceVersion to resume from.</summary>
    Bookmark,
}

/// <summary>A change of one object. A deleted object is its last state with the version of the delete.</summary>
public readonly record struct ResourceEvent<T>(ResourceEventType Type, T Object);

/// <summary>A patch with its media type.</summary>
public sealed record PatchBody(string MediaType, ByteString Content)
{
    public const string JsonPatch = "application/json-patch+json";
    public const string MergePatch = "application/merge-patch+json";
    public const string StrategicMergePatch = "application/strategic-merge-patch+json";

    public static PatchBody Merge(string json) => new(MergePatch, ByteString.CopyFromUtf8(json));

    public static PatchBody Strategic(string json) => new(StrategicMergePatch, ByteString.CopyFromUtf8(json));
}

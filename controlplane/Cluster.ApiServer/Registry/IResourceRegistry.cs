using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.CustomResources;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary>Every verb on every stored resource: what REST and gRPC call once the caller is known and allowed.</summary>
/// <remarks>
/// Failures are <see cref="StatusException"/>. Objects returned are shared with the cache: read them, change a clone. Objects passed in
/// become the registry's: the caller must not touch them again. Safe for concurrent use.
/// </remarks>
public interface IResourceRegistry
{
    /// <summary>What there is to ask for.</summary>
    ServedResources Resources { get; }

    /// <summary>The object, or its <c>scale</c>.</summary>
    /// <param name="scope">Resource, namespace, name and subresource.</param>
    /// <param name="resourceVersion">Empty: the newest; "0": any; a number: not older than it.</param>
    /// <param name="cancellationToken">Ends the wait for a fresh cache.</param>
    ValueTask<EncodedMessage> GetAsync(RequestScope scope, string resourceVersion, CancellationToken cancellationToken);

    ValueTask<ListResult> ListAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken);

    /// <summary>Opens a watch. 410 if the version asked for is too old; the same may end its enumeration later.</summary>
    ValueTask<ResourceWatch> WatchAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken);

    /// <summary>Creates the object; with subresource <c>binding</c> binds a pod.</summary>
    ValueTask<EncodedMessage> CreateAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken);

    /// <summary>Replaces the object or its <c>status</c>, <c>scale</c> or <c>finalize</c> part.</summary>
    ValueTask<WriteResult> UpdateAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken);

    /// <summary>Patches what <see cref="UpdateAsync"/> replaces, again on the newest state where another write slips in.</summary>
    ValueTask<WriteResult> PatchAsync(
        RequestScope scope, string mediaType, ReadOnlyMemory<byte> patch, CancellationToken cancellationToken);

    /// <summary>Deletes, gracefully where the kind or its finalizers ask for it.</summary>
    ValueTask<DeleteResult> DeleteAsync(RequestScope scope, DeleteOptions options, CancellationToken cancellationToken);

    /// <summary>Deletes all that the selectors match and returns it.</summary>
    ValueTask<ListResult> DeleteCollectionAsync(
        RequestScope scope, ListOptions list, DeleteOptions options, CancellationToken cancellationToken);

    /// <summary>Binds the pod of the scope to a node: 409 if it is bound, being deleted, of another uid, or does not fit.</summary>
    ValueTask BindAsync(RequestScope scope, Binding binding, CancellationToken cancellationToken);

    /// <summary>Asks the admission plug-ins whether a connection may be opened.</summary>
    /// <param name="scope">The object and the subresource that is the connection.</param>
    /// <param name="options">What was asked for, with its kind.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    ValueTask AdmitConnectionAsync(RequestScope scope, JsonObject options, CancellationToken cancellationToken);
}

/// <summary>A page of objects, all as of one revision.</summary>
/// <param name="Items">In key order.</param>
/// <param name="Revision">The list's resourceVersion.</param>
/// <param name="Continue">The token of the next page; empty: there is none.</param>
/// <param name="RemainingItemCount">How many come after this page, where it is known.</param>
public sealed record ListResult(IReadOnlyList<ObjectVersion> Items, long Revision, string Continue, long? RemainingItemCount);

/// <param name="Object">The object (or Scale) as stored.</param>
/// <param name="Created">It did not exist before.</param>
public readonly record struct WriteResult(EncodedMessage Object, bool Created);

/// <param name="Response">The deleted object, or a Status of success, as the kind wants it.</param>
/// <param name="Deleted">It is gone; false: it waits for its grace period or its finalizers.</param>
public readonly record struct DeleteResult(EncodedMessage Response, bool Deleted);

using Cluster.Api;
using Cluster.Api.AutoscalingV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Bindings;
using Cluster.ApiServer.WatchCache;
using Google.Protobuf.Reflection;
using JsonPatching = Cluster.Api.Patching.Patch;

namespace Cluster.ApiServer.Registry;

/// <inheritdoc cref="IResourceRegistry"/>
public sealed class ResourceRegistry : IResourceRegistry
{
    // A namespace of some thousand pods should go in seconds without one client filling the store's queue.
    private const int ParallelDeletes = 16;

    private readonly ReadPath _reads;
    private readonly ListPath _lists;
    private readonly CreatePath _creates;
    private readonly UpdatePath _updates;
    private readonly DeletePath _deletes;
    private readonly PodBinder _binder;

    internal ResourceRegistry(RegistryContext context)
    {
        _reads = new ReadPath(context);
        _lists = new ListPath(context, _reads);
        _creates = new CreatePath(context);
        _updates = new UpdatePath(context);
        _deletes = new DeletePath(context);
        _binder = new PodBinder(context);
    }

    /// <inheritdoc/>
    public async ValueTask<EncodedMessage> GetAsync(RequestScope scope, string resourceVersion, CancellationToken cancellationToken) =>
        View(scope, await _reads.GetAsync(scope, resourceVersion, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<ListResult> ListAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken) =>
        _lists.ListAsync(scope, options, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ResourceWatch> WatchAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken) =>
        _reads.WatchAsync(scope, options, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<EncodedMessage> CreateAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        if (obj is not Binding binding)
            return await _creates.CreateAsync(scope, obj, cancellationToken);

        await BindAsync(scope with { Name = scope.Name ?? obj.Metadata?.Name ?? "" }, binding, cancellationToken);
        return new EncodedMessage(new Status { Status_ = "Success", Code = 201 }, "v1", "Status");
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> UpdateAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        // The client's object is needed again after a lost race, and preparing changes it.
        var version = await _updates.UpdateAsync(
            scope, current => scope.Subresource == "scale" ? ScaleView.Apply(current, (Scale)obj) : obj.Copy(), cancellationToken);
        if (version is not null)
            return new WriteResult(View(scope, version), false);

        if (scope.Subresource is not null || !_creates.CreatesOnUpdate(scope.Resource))
            throw StatusErrors.NotFound(scope.Resource, scope.Name!);

        if (obj.Metadata is { Uid.Length: > 0 } meta)
        {
            throw StatusErrors.Conflict(
                scope.Resource, scope.Name!, $"Precondition failed: UID in precondition: {meta.Uid}, UID in object meta: ");
        }

        return new WriteResult(await CreateNamedAsync(scope, obj, cancellationToken), true);
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> PatchAsync(
        RequestScope scope, string mediaType, ReadOnlyMemory<byte> patch, CancellationToken cancellationToken)
    {
        var version = await _updates.UpdateAsync(scope, current => Patched(scope, current, mediaType, patch), cancellationToken)
            ?? throw StatusErrors.NotFound(scope.Resource, scope.Name!);
        return new WriteResult(View(scope, version), false);
    }

    /// <inheritdoc/>
    public ValueTask<DeleteResult> DeleteAsync(RequestScope scope, DeleteOptions options, CancellationToken cancellationToken) =>
        _deletes.DeleteAsync(scope, options, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ListResult> DeleteCollectionAsync(
        RequestScope scope, ListOptions list, DeleteOptions options, CancellationToken cancellationToken)
    {
        var found = await ListAsync(scope, list, cancellationToken);
        await Parallel.ForEachAsync(
            found.Items,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelDeletes, CancellationToken = cancellationToken },
            async (item, stop) => await DeleteOneAsync(
                scope with { Namespace = item.Object.Metadata.Namespace, Name = item.Object.Metadata.Name }, options, stop));
        return found;
    }

    /// <inheritdoc/>
    public ValueTask BindAsync(RequestScope scope, Binding binding, CancellationToken cancellationToken) =>
        _binder.BindAsync(scope with { Resource = ResourceCatalog.For<Pod>() }, binding, cancellationToken);

    private static EncodedMessage View(RequestScope scope, ObjectVersion version) =>
        scope.Subresource == "scale" ? ScaleView.Encoded(version.Object) : version;

    private static IApiObject Patched(RequestScope scope, IApiObject current, string mediaType, ReadOnlyMemory<byte> patch)
    {
        if (scope.Subresource != "scale")
            return Patched(scope, current, scope.Resource.Descriptor, mediaType, patch);

        return ScaleView.Apply(current, (Scale)Patched(scope, ScaleView.Of(current), Scale.Descriptor, mediaType, patch));
    }

    private static IApiObject Patched(
        RequestScope scope, IApiObject current, MessageDescriptor type, string mediaType, ReadOnlyMemory<byte> patch)
    {
        var node = JsonPatching.Apply(JsonCodec.ToNode(current), mediaType, patch, type);
        return (IApiObject)JsonPatching.Decode(node, type, scope.FieldValidation, scope.Warnings, mediaType, patch);
    }

    private async ValueTask<EncodedMessage> CreateNamedAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        obj.Metadata ??= new ObjectMeta();
        obj.Metadata.Name = scope.Name!;
        obj.Metadata.ResourceVersion = "";
        return await _creates.CreateAsync(scope, obj, cancellationToken);
    }

    private async ValueTask DeleteOneAsync(RequestScope scope, DeleteOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await _deletes.DeleteAsync(scope, options, cancellationToken);
        }
        catch (StatusException exception) when (exception.IsNotFound)
        {
            // Somebody else deleted it: as wanted.
        }
    }
}

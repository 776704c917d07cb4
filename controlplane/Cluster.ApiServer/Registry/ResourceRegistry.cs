using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.AutoscalingV1;
using Cluster.Api.Conversion;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Patching;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Bindings;
using Cluster.ApiServer.CustomResources;
using Cluster.ApiServer.CustomResources.Conversion;
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
    private readonly ConvertedLists _convertedLists;
    private readonly CreatePath _creates;
    private readonly UpdatePath _updates;
    private readonly DeletePath _deletes;
    private readonly PodBinder _binder;
    private readonly FieldTracking _fields;
    private readonly AdmissionChain _admission;
    private readonly ObjectConversions _conversions;
    private readonly PostedKinds _posted;
    private readonly ComponentStatuses _components;

    internal ResourceRegistry(RegistryContext context, IEnumerable<IPostedKind> posted)
    {
        _reads = new ReadPath(context);
        _lists = new ListPath(context, _reads);
        _convertedLists = new ConvertedLists(_lists, context.Conversions);
        _conversions = context.Conversions;
        _creates = new CreatePath(context);
        _updates = new UpdatePath(context);
        _deletes = new DeletePath(context);
        _binder = new PodBinder(context);
        _fields = context.Fields;
        _admission = context.Admission;
        Resources = context.Caches.Custom.Served;
        _components = new ComponentStatuses(context.Store, context.Caches, context.Time);
        _posted = new PostedKinds([.. posted, new PodEvictor(context, _reads, _updates, _deletes)]);
    }

    /// <inheritdoc/>
    public ServedResources Resources { get; }

    /// <inheritdoc/>
    public async ValueTask<EncodedMessage> GetAsync(RequestScope scope, string resourceVersion, CancellationToken cancellationToken) =>
        scope.Resource == ComponentStatuses.Type
            ? await _components.GetAsync(scope.Name!, cancellationToken)
            : await ViewAsync(scope, await _reads.GetAsync(scope.ToStored(), resourceVersion, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ListResult> ListAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken)
    {
        if (scope.Resource == ComponentStatuses.Type)
            return new ListResult(await _components.ListAsync(options, cancellationToken), 0, "", null);

        if (scope.Resource.Custom?.Webhook is not null)
            return await _convertedLists.ListAsync(scope, options, cancellationToken);

        var list = await _lists.ListAsync(scope.ToStored(), options, cancellationToken);
        return scope.Resource.IsStoredVersion ? list : list with { Items = [.. list.Items.Select(item => item.As(scope.Resource))] };
    }

    /// <inheritdoc/>
    public async ValueTask<ResourceWatch> WatchAsync(RequestScope scope, ListOptions options, CancellationToken cancellationToken)
    {
        var watch = await _reads.WatchAsync(scope.ToStored(), options, cancellationToken);
        return scope.Resource.IsStoredVersion || scope.Resource.Custom?.Webhook is not null ? watch : new ConvertedWatch(watch, scope.Resource);
    }

    /// <inheritdoc/>
    public async ValueTask<EncodedMessage> CreateAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        if (obj is not Binding binding)
        {
            return _posted.Find(scope) is { } kind
                ? await kind.PostAsync(scope, obj, cancellationToken)
                : await ViewAsync(scope, await _creates.CreateAsync(scope.ToStored(), ToStored(scope, obj), isApplied: false, cancellationToken), cancellationToken);
        }

        await BindAsync(scope, binding, cancellationToken);
        return new EncodedMessage(new Status { Status_ = "Success", Code = 201 }, "v1", "Status");
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> UpdateAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        if (!IsScale(scope))
            obj = ToStored(scope, obj);
        // The client's object is needed again after a lost race, and preparing changes it.
        var version = await _updates.UpdateAsync(
            scope.ToStored(),
            current => IsScale(scope) ? _fields.UpdateScale(scope.ToStored(), current, (Scale)obj) : obj.Copy(),
            ownersAreSet: IsScale(scope),
            cancellationToken);
        if (version is not null)
            return new WriteResult(await ViewAsync(scope, version, cancellationToken), false);

        if (scope.Subresource is not null || !_creates.CreatesOnUpdate(scope.Resource.Storage))
            throw StatusErrors.NotFound(scope.Resource.Storage, scope.Name!);

        if (obj.Metadata is { Uid.Length: > 0 } meta)
        {
            throw StatusErrors.Conflict(
                scope.Resource, scope.Name!, $"Precondition failed: UID in precondition: {meta.Uid}, UID in object meta: ");
        }

        return new WriteResult(await ViewAsync(scope, await CreateNamedAsync(scope.ToStored(), obj, cancellationToken), cancellationToken), true);
    }

    /// <inheritdoc/>
    public async ValueTask<WriteResult> PatchAsync(
        RequestScope scope, string mediaType, ReadOnlyMemory<byte> patch, CancellationToken cancellationToken)
    {
        // What a strategic patch does is said by the types of a program, which added kinds are not.
        if (scope.Resource.Custom is not null && mediaType == PatchMediaTypes.Strategic && !IsScale(scope))
            throw StatusErrors.UnsupportedMediaType(PatchMediaTypes.All.Where(type => type != PatchMediaTypes.Strategic));
        if (mediaType == PatchMediaTypes.Apply)
            return await ApplyAsync(scope, patch, cancellationToken);

        var version = await _updates.UpdateAsync(
                scope.ToStored(), current => Patched(scope, current, mediaType, patch), ownersAreSet: IsScale(scope), cancellationToken)
            ?? throw StatusErrors.NotFound(scope.Resource.Storage, scope.Name!);
        return new WriteResult(await ViewAsync(scope, version, cancellationToken), false);
    }

    /// <inheritdoc/>
    public async ValueTask<DeleteResult> DeleteAsync(RequestScope scope, DeleteOptions options, CancellationToken cancellationToken)
    {
        var result = await _deletes.DeleteAsync(scope.ToStored(), options, cancellationToken);
        return result.Response is ObjectVersion version ? result with { Response = await _conversions.ConvertAsync(version, scope.Resource, cancellationToken) } : result;
    }

    /// <inheritdoc/>
    public async ValueTask<ListResult> DeleteCollectionAsync(
        RequestScope scope, ListOptions list, DeleteOptions options, CancellationToken cancellationToken)
    {
        var found = await ListAsync(scope, list, cancellationToken);
        await Parallel.ForEachAsync(
            found.Items,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelDeletes, CancellationToken = cancellationToken },
            async (item, stop) => await DeleteOneAsync(
                scope.ToStored() with { Namespace = item.Object.Metadata.Namespace, Name = item.Object.Metadata.Name }, options, stop));
        return found;
    }

    /// <inheritdoc/>
    public async ValueTask BindAsync(RequestScope scope, Binding binding, CancellationToken cancellationToken)
    {
        binding.Metadata ??= new ObjectMeta();
        var request = new AdmissionRequest { Scope = scope, Operation = AdmissionOperation.Create, Object = binding };
        await _admission.AdmitAsync(request, cancellationToken);
        await _admission.ValidateAsync(request, cancellationToken);
        await _binder.BindAsync(
            scope with { Resource = ResourceCatalog.For<Pod>(), Name = scope.Name ?? binding.Metadata?.Name ?? "" }, binding, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask AdmitConnectionAsync(RequestScope scope, JsonObject options, CancellationToken cancellationToken) =>
        _admission.ConnectAsync(new() { Scope = scope, Operation = AdmissionOperation.Connect, ConnectOptions = options }, cancellationToken);

    private static bool IsScale(RequestScope scope) => scope.Subresource == "scale";

    private async ValueTask<EncodedMessage> ViewAsync(RequestScope scope, ObjectVersion version, CancellationToken cancellationToken) =>
        scope.Resource.Custom?.Webhook is null
            ? View(scope, version)
            : ViewOfConverted(scope, await _conversions.ConvertAsync(version, scope.Resource, cancellationToken));

    private static EncodedMessage ViewOfConverted(RequestScope scope, ObjectVersion version) =>
        IsScale(scope) ? new EncodedMessage(FieldTracking.ScaleOf(scope.ToStored(), version.Object), "autoscaling/v1", "Scale") : version;

    private static EncodedMessage View(RequestScope scope, ObjectVersion version) =>
        IsScale(scope) ? new EncodedMessage(FieldTracking.ScaleOf(scope.ToStored(), version.Object), "autoscaling/v1", "Scale") : version.As(scope.Resource);

    private static IApiObject ToStored(RequestScope scope, IApiObject obj) => Conversions.ToStored(obj, scope.Resource.Storage.Descriptor);

    private IApiObject Patched(RequestScope scope, IApiObject current, string mediaType, ReadOnlyMemory<byte> patch)
    {
        if (!IsScale(scope))
        {
            if (current is CustomObject custom)
                return PatchedCustom(scope, custom, mediaType, patch);
            var version = Conversions.FromStored(current, scope.Resource.Descriptor);
            return ToStored(scope, Patched(scope, version, scope.Resource.Descriptor, mediaType, patch));
        }

        var scale = (Scale)Patched(scope, FieldTracking.ScaleOf(scope.ToStored(), current), Scale.Descriptor, mediaType, patch);
        return _fields.UpdateScale(scope.ToStored(), current, scale);
    }

    private static CustomObject PatchedCustom(RequestScope scope, CustomObject current, string mediaType, ReadOnlyMemory<byte> patch)
    {
        var type = scope.Resource;
        var tree = CustomJson.ToTree(CustomConversion.To(current, type), type.ApiVersion, type.Kind);
        return JsonPatching.Apply(tree, mediaType, patch, type.Descriptor) is JsonObject patched
            ? CustomDecoder.Decode(patched, type, scope.FieldValidation, scope.Warnings)
            : throw StatusErrors.BadRequest($"the patch makes no object of the {type.Kind}");
    }

    private static IApiObject Patched(
        RequestScope scope, IApiObject current, MessageDescriptor type, string mediaType, ReadOnlyMemory<byte> patch)
    {
        var node = JsonPatching.Apply(JsonCodec.ToNode(current), mediaType, patch, type);
        return (IApiObject)JsonPatching.Decode(node, type, scope.FieldValidation, scope.Warnings, mediaType, patch);
    }

    private async ValueTask<ObjectVersion> CreateNamedAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        obj.Metadata ??= new ObjectMeta();
        obj.Metadata.Name = scope.Name!;
        obj.Metadata.ResourceVersion = "";
        return await _creates.CreateAsync(scope, obj, isApplied: false, cancellationToken);
    }

    // Who loses the race to create it applies to what the winner made.
    private async ValueTask<WriteResult> ApplyAsync(RequestScope scope, ReadOnlyMemory<byte> patch, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < ObjectWriter.MaxTries; tries++)
        {
            var version = await _updates.UpdateAsync(
                scope.ToStored(),
                current => IsScale(scope) ? _fields.ApplyScale(scope.ToStored(), current, patch) : _fields.Apply(scope.ToStored(), current, patch),
                ownersAreSet: true,
                cancellationToken);
            if (version is not null)
                return new WriteResult(await ViewAsync(scope, version, cancellationToken), false);

            if (scope.Subresource is not null)
                throw StatusErrors.NotFound(scope.Resource.Storage, scope.Name!);

            try
            {
                return new WriteResult(await ViewAsync(scope, await CreateAppliedAsync(scope.ToStored(), patch, cancellationToken), cancellationToken), true);
            }
            catch (StatusException taken) when (taken.IsAlreadyExists)
            {
                // Somebody has created it meanwhile.
            }
        }

        throw StatusErrors.ServerTimeout(scope.Resource, "patch", 1);
    }

    private async ValueTask<ObjectVersion> CreateAppliedAsync(
        RequestScope scope, ReadOnlyMemory<byte> patch, CancellationToken cancellationToken)
    {
        var obj = _fields.Apply(scope, null, patch);
        if (obj.Metadata.Uid.Length > 0)
        {
            throw StatusErrors.Conflict(
                scope.Resource, scope.Name!,
                $"uid mismatch: the provided object specified uid {obj.Metadata.Uid}, and no existing object was found");
        }

        obj.Metadata.ResourceVersion = "";
        return await _creates.CreateAsync(scope, obj, isApplied: true, cancellationToken);
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

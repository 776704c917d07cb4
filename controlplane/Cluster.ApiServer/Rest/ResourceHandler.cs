using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.MetaV1;
using Cluster.Api.Patching;
using Cluster.Api.Tables;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Rest;

/// <summary>The verbs of one resource over HTTP: parameters and body in, registry call, answer out.</summary>
internal sealed class ResourceHandler(IResourceRegistry registry, TimeProvider time, ILogger logger)
{
    // To encode these takes some milliseconds.
    private const int HeavyObjects = 128;

    // A watch without a timeout ends within an hour, not all at the same time: so Kubernetes spreads its clients.
    private const int MinWatchSeconds = 1800;

    // A day; timers reach no further than some weeks.
    private const long LongestWatchSeconds = 24 * 3600;

    public async Task GetAsync(HttpContext context, RequestScope scope)
    {
        var format = ResponseFormat.Of(context.Request, scope.Resource);
        var version = RequestOptions.Text(context.Request.Query, "resourceVersion");
        await AnswerAsync(context, scope, format, StatusCodes.Status200OK, await registry.GetAsync(scope, version, context.RequestAborted));
    }

    /// <summary>How long a watch may last that asks for no time: whoever watches is asked for permission again, and not all at once.</summary>
    public static TimeSpan WatchTime() => TimeSpan.FromSeconds(Random.Shared.Next(MinWatchSeconds, 2 * MinWatchSeconds));

    public async Task ListAsync(HttpContext context, RequestScope scope)
    {
        var format = ResponseFormat.Of(context.Request, scope.Resource);
        var options = RequestOptions.List(context.Request.Query);
        await AnswerAsync(context, scope, format, await registry.ListAsync(scope, options, context.RequestAborted));
    }

    public async Task WatchAsync(HttpContext context, RequestScope scope)
    {
        var format = ResponseFormat.Of(context.Request, scope.Resource);
        var options = RequestOptions.List(context.Request.Query);
        var table = format.View == ObjectView.Table ? Table(context, scope.Resource, scope.Resource.Descriptor, format) : null;
        var bodies = new WatchBodies(format, table);
        IWatchAnswer answer = context.WebSockets.IsWebSocketRequest
            ? new WatchSocket(context, bodies, time) : new WatchResponse(context, bodies, time);
        WarningHeaders.Write(context.Response, scope.Warnings);
        ResourceWatch watch;
        try
        {
            watch = await registry.WatchAsync(scope, options, context.RequestAborted);
        }
        catch (StatusException tooOld) when (tooOld.IsGone)
        {
            await answer.RefuseAsync(tooOld);
            return;
        }

        watch.Started = () => context.Features.Get<RequestSeat>()?.Dispose();
        var timeout = options.TimeoutSeconds > 0 ? TimeSpan.FromSeconds(Math.Min(options.TimeoutSeconds, LongestWatchSeconds)) : WatchTime();
        watch.Lifetime = timeout;
        await answer.RunAsync(watch, timeout, () => StuckClient.Report(logger, scope.Resource, scope.User.Name));
    }

    public async Task CreateAsync(HttpContext context, RequestScope scope)
    {
        var format = ResponseFormat.Of(context.Request, scope.Resource);
        scope = WithWriteOptions(context, scope, "CreateOptions");
        var obj = await ReadObjectAsync(context, scope);
        var created = await registry.CreateAsync(scope, obj, context.RequestAborted);
        await AnswerAsync(context, scope, format, StatusCodes.Status201Created, created);
    }

    public async Task UpdateAsync(HttpContext context, RequestScope scope)
    {
        var format = ResponseFormat.Of(context.Request, scope.Resource);
        scope = WithWriteOptions(context, scope, "UpdateOptions");
        var obj = await ReadObjectAsync(context, scope);
        await AnswerAsync(context, scope, format, await registry.UpdateAsync(scope, obj, context.RequestAborted));
    }

    public async Task PatchAsync(HttpContext context, RequestScope scope)
    {
        var format = ResponseFormat.Of(context.Request, scope.Resource);
        var type = RequestBody.MediaTypeOf(context.Request.ContentType);
        if (!PatchMediaTypes.All.Contains(type))
            throw StatusErrors.UnsupportedMediaType(PatchMediaTypes.All);

        var force = RequestOptions.CheckPatch(context.Request.Query, type == PatchMediaTypes.Apply);
        scope = WithWriteOptions(context, scope, "PatchOptions") with { Force = force };

        var patch = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        await AnswerAsync(context, scope, format, await registry.PatchAsync(scope, type, patch, context.RequestAborted));
    }

    public async Task DeleteAsync(HttpContext context, RequestScope scope)
    {
        var format = ResponseFormat.Of(context.Request, scope.Resource);
        var options = await ReadDeleteOptionsAsync(context);
        scope = scope with { DryRun = RequestOptions.DryRun(options.DryRun, "DeleteOptions") };
        var result = await registry.DeleteAsync(scope, options, context.RequestAborted);
        // 202 is for those who asked, in the old way, to wait for the dependents.
        var code = !result.Deleted && options is { HasOrphanDependents: true, OrphanDependents: false }
            ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
        await AnswerAsync(context, scope, format, code, result.Response);
    }

    public async Task DeleteCollectionAsync(HttpContext context, RequestScope scope)
    {
        var format = ResponseFormat.Of(context.Request, scope.Resource);
        var options = await ReadDeleteOptionsAsync(context);
        scope = scope with { DryRun = RequestOptions.DryRun(options.DryRun, "DeleteOptions") };
        var list = RequestOptions.List(context.Request.Query);
        await AnswerAsync(context, scope, format, await registry.DeleteCollectionAsync(scope, list, options, context.RequestAborted));
    }

    private static RequestScope WithWriteOptions(HttpContext context, RequestScope scope, string kind) => scope with
    {
        DryRun = RequestOptions.DryRun(context.Request.Query["dryRun"], kind),
        FieldManager = RequestOptions.FieldManager(context.Request, kind),
        FieldValidation = RequestOptions.Validation(context.Request.Query, kind),
    };

    private static async ValueTask<IApiObject> ReadObjectAsync(HttpContext context, RequestScope scope)
    {
        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var type = SubresourceBody.Of(scope, body.Span);
        if (type == CustomObject.Descriptor)
            return RequestBody.DecodeCustom(body, context.Request.ContentType, scope);
        return (IApiObject)RequestBody.Decode(body, context.Request.ContentType, type, scope.FieldValidation, scope.Warnings);
    }

    private static async ValueTask<DeleteOptions> ReadDeleteOptionsAsync(HttpContext context)
    {
        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var options = body.IsEmpty ? new DeleteOptions()
            : (DeleteOptions)RequestBody.Decode(body, context.Request.ContentType, DeleteOptions.Descriptor, default, []);
        RequestOptions.AddTo(options, context.Request.Query);
        return options;
    }

    private Task AnswerAsync(HttpContext context, RequestScope scope, ResponseFormat format, WriteResult result) => AnswerAsync(
        context, scope, format, result.Created ? StatusCodes.Status201Created : StatusCodes.Status200OK, result.Object);

    private Task AnswerAsync(HttpContext context, RequestScope scope, ResponseFormat format, int code, EncodedMessage message)
    {
        WarningHeaders.Write(context.Response, scope.Warnings);
        // A Status is what it is, whatever view was asked for.
        if (format.View == ObjectView.Full || message.Message is not IApiObject obj)
            return ObjectResponse.WriteAsync(context, format, code, message, context.RequestAborted);

        if (format.View == ObjectView.Metadata)
            return ObjectResponse.WriteAsync(context, format, code, PartialMetadata.Of(obj, format.ViewVersion), context.RequestAborted);

        var meta = new ListMeta { ResourceVersion = obj.Metadata.ResourceVersion };
        var table = Table(context, scope.Resource, obj.Descriptor, format).Write(meta, [message]);
        return ObjectResponse.WriteAsync(context, format, code, ObjectResponse.Shown(format, [table]), context.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext context, RequestScope scope, ResponseFormat format, ListResult list)
    {
        WarningHeaders.Write(context.Response, scope.Warnings);
        var body = IsHeavy(format, list)
            ? await HeavyWork.Shared.RunAsync(scope.User, ended => Body(context, scope, format, list, ended), context.RequestAborted)
            : Body(context, scope, format, list, context.RequestAborted);
        await ObjectResponse.WriteAsync(context, format, StatusCodes.Status200OK, body, context.RequestAborted);
    }

    private IReadOnlyList<ReadOnlyMemory<byte>> Body(
        HttpContext context, RequestScope scope, ResponseFormat format, ListResult list, CancellationToken cancellationToken)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> parts = format.View switch
        {
            ObjectView.Metadata => format.IsProtobuf
                ? [ListBody.MetadataProtobuf(list, format.ViewVersion, cancellationToken)] : ListBody.MetadataJson(list, format.ViewVersion, cancellationToken),
            ObjectView.Table => [Table(context, scope.Resource, scope.Resource.Descriptor, format).Write(ListBody.Meta(list), ListBody.Until(list.Items, cancellationToken))],
            _ => format.IsProtobuf ? ListBody.Protobuf(scope.Resource, list, cancellationToken) : ListBody.Json(scope.Resource, list, cancellationToken),
        };
        return ObjectResponse.Shown(format, parts);
    }

    // Objects that were listed before are only put together.
    private static bool IsHeavy(ResponseFormat format, ListResult list) => list.Items.Count >= HeavyObjects
        && (format.View != ObjectView.Full || format.Pretty || list.Items.Count(item => !item.HasForm(format.IsProtobuf)) >= HeavyObjects);

    private TableBody Table(HttpContext context, ResourceType type, MessageDescriptor shown, ResponseFormat format) =>
        new(TableColumns.For(type, shown), format.ViewVersion, IncludedObjects.Of(context.Request.Query), time.GetUtcNow());
}

using Cluster.Api;
using Cluster.Api.Apply;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.MetaV1;
using Cluster.Api.Patching;
using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Rest;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using ApiListOptions = Cluster.Api.MetaV1.ListOptions;

namespace Cluster.ApiServer.Grpc;

/// <summary>The resource service: the registry's verbs over gRPC, with the same callers, permissions and failures as REST.</summary>
internal sealed class ResourceService(
    IResourceRegistry registry, RequestAuthorizer authorizer, TimeProvider time, ILogger<ResourceService> logger) : Resources.ResourcesBase
{
    public override async Task<ObjectReply> Get(GetRequest request, ServerCallContext context)
    {
        var scope = (await TargetAsync(request.Ref, "get", named: true, context)).Scope(User(context));
        var found = await registry.GetAsync(scope, request.ResourceVersion, context.CancellationToken);
        return new ObjectReply { Object = Envelopes.Wrap(found.Protobuf) };
    }

    public override async Task List(ListRequest request, IServerStreamWriter<ListReply> responseStream, ServerCallContext context)
    {
        var selects = request.LabelSelector.Length + request.FieldSelector.Length > 0 || request.ResourceVersion == "0";
        var target = await TargetAsync(
            request.Ref, "list", named: false, context, selector: request.FieldSelector, labels => labels with { Limit = RequestLabels.NamesOne(request.FieldSelector) ? 1 : selects ? 0 : request.Limit });
        var scope = target.Scope(User(context));
        var options = new ApiListOptions
        {
            LabelSelector = request.LabelSelector,
            FieldSelector = request.FieldSelector,
            Limit = Math.Max(0, request.Limit),
            Continue = request.Continue,
            ResourceVersion = request.ResourceVersion,
        };
        var page = await registry.ListAsync(scope, options, context.CancellationToken);
        foreach (var reply in ListReplies.Of(page))
            await responseStream.WriteAsync(reply, context.CancellationToken);
    }

    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchReply> responseStream, ServerCallContext context)
    {
        var target = await TargetAsync(
            request.Ref, "watch", named: false, context, selector: request.FieldSelector,
            labels => labels with { LongRunning = true, FromBeginning = request.ResourceVersion is "" or "0" && !RequestLabels.NamesOne(request.FieldSelector) });
        var scope = target.Scope(User(context));
        var options = new ApiListOptions
        {
            Watch = true,
            LabelSelector = request.LabelSelector,
            FieldSelector = request.FieldSelector,
            ResourceVersion = request.ResourceVersion,
            AllowWatchBookmarks = request.AllowBookmarks,
        };
        var watch = await registry.WatchAsync(scope, options, context.CancellationToken);
        watch.Started = () => context.GetHttpContext().Features.Get<RequestSeat>()?.Dispose();
        var longest = ResourceHandler.WatchTime();
        // A call without a deadline has one in the year 9999.
        watch.Lifetime = TimeSpan.FromTicks(Math.Min(longest.Ticks, (context.Deadline - time.GetUtcNow().UtcDateTime).Ticks));
        // A client knows from the headers that the watch stands, before the first event.
        await context.WriteResponseHeadersAsync([]);
        var output = new WatchReplies(responseStream, context, time);
        using var expiry = new CancellationTokenSource(longest, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, context.CancellationToken);
        try
        {
            await foreach (var batch in watch.ReadAsync(ended.Token))
            {
                if (await output.WriteAsync(batch))
                    continue;

                StuckClient.Report(logger, scope.Resource, scope.User.Name);
                await output.EndAsync();
                throw StuckClient.Failure;
            }
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested && expiry.IsCancellationRequested)
        {
            // Its time is over. The client goes on from the version it has, if it still may.
        }
    }

    public override async Task<ObjectReply> Create(WriteRequest request, ServerCallContext context)
    {
        var target = await TargetAsync(request.Ref, "create", named: false, context);
        var scope = target.Scope(User(context), Manager(context, request.FieldManager), request.DryRun);
        var created = await registry.CreateAsync(scope, Body(target, request.Object), context.CancellationToken);
        return new ObjectReply { Object = Envelopes.Wrap(created.Protobuf) };
    }

    public override Task<ObjectReply> Update(WriteRequest request, ServerCallContext context) =>
        UpdateAsync(null, request, context);

    public override Task<ObjectReply> UpdateStatus(WriteRequest request, ServerCallContext context) =>
        UpdateAsync("status", request, context);

    public override async Task<ObjectReply> Patch(PatchRequest request, ServerCallContext context)
    {
        var target = await TargetAsync(request.Ref, "patch", named: true, context);
        var scope = target.Scope(User(context), Manager(context, request.FieldManager), request.DryRun);
        if (request.PatchType == PatchMediaTypes.Apply && request.FieldManager.Length == 0)
            throw StatusErrors.BadRequest("field_manager is required for apply patch");
        var result = await registry.PatchAsync(scope with { Force = request.Force }, request.PatchType, request.Patch.Memory, context.CancellationToken);
        return new ObjectReply { Object = Envelopes.Wrap(result.Object.Protobuf) };
    }

    public override async Task<ObjectReply> Delete(DeleteRequest request, ServerCallContext context)
    {
        var target = await TargetAsync(request.Ref, "delete", named: true, context);
        var options = ParseOptions(request.Options);
        var scope = target.Scope(User(context), Manager(context, ""), RequestOptions.DryRun(options.DryRun, "DeleteOptions"));
        var result = await registry.DeleteAsync(scope, options, context.CancellationToken);
        return new ObjectReply { Object = Envelopes.Wrap(result.Response.Protobuf) };
    }

    public override async Task<BindReply> Bind(BindRequest request, ServerCallContext context)
    {
        var pods = ResourceCatalog.For<Pod>();
        var reference = new ResourceRef
        {
            Version = pods.Version, Resource = pods.Plural, Namespace = request.Namespace, Name = request.Pod, Subresource = "binding",
        };
        var scope = (await TargetAsync(reference, "create", named: true, context)).Scope(User(context), Manager(context, ""));
        var binding = new Binding
        {
            Metadata = new ObjectMeta { Name = request.Pod, Namespace = request.Namespace, Uid = request.Uid },
            Target = new ObjectReference { Kind = "Node", Name = request.Node },
        };
        await registry.BindAsync(scope, binding, context.CancellationToken);
        return new BindReply();
    }

    private async Task<ObjectReply> UpdateAsync(string? subresource, WriteRequest request, ServerCallContext context)
    {
        var target = await TargetAsync(request.Ref, "update", named: true, context, subresource: subresource);
        var scope = target.Scope(User(context), Manager(context, request.FieldManager), request.DryRun);
        var result = await registry.UpdateAsync(scope, Body(target, request.Object), context.CancellationToken);
        return new ObjectReply { Object = Envelopes.Wrap(result.Object.Protobuf) };
    }

    // Permission comes before all else: who may not ask does not hear whether there is such a resource.
    private async ValueTask<CallTarget> TargetAsync(
        ResourceRef? reference, string verb, bool named, ServerCallContext context, string selector = "", Func<RequestLabels, RequestLabels>? size = null,
        string? subresource = null)
    {
        var about = reference ?? new ResourceRef();
        var question = CallTarget.Question(about, User(context), verb, subresource, selector);
        var entry = context.GetHttpContext().Features.Get<AuditEntry>();
        await authorizer.AuthorizeAsync(question, entry, context.CancellationToken);
        if (context.GetHttpContext().Features.Get<RequestSeat>() is { } seat)
        {
            var labels = new RequestLabels(verb.ToUpperInvariant(), about.Group, about.Resource, "", LongRunning: false) { Version = about.Version };
            await seat.TakeAsync(size is null ? labels : size(labels), context.CancellationToken);
        }

        return (await CallTarget.OfAsync(registry.Resources, reference, context.CancellationToken, subresource, entry?.Annotations)).Require(verb, named);
    }

    private static UserIdentity User(ServerCallContext context) => context.GetHttpContext().Features.Get<UserIdentity>() ?? UserIdentity.Anonymous;

    // Who says nothing is called as the program.
    private static string Manager(ServerCallContext context, string given)
    {
        if (given.Length > 0)
            return given;
        var headers = context.GetHttpContext().Request.Headers;
        return ManagerNames.OfUserAgent((headers.TryGetValue("x-user-agent", out var agent) ? agent : headers.UserAgent).ToString());
    }

    private static IApiObject Body(CallTarget target, ByteString bytes)
    {
        var (apiVersion, kind, message) = target.Body;
        return message == CustomObject.Descriptor
            ? Envelopes.OpenCustom(bytes, target.Type) : Envelopes.Open(bytes, apiVersion, kind, message);
    }

    private static DeleteOptions ParseOptions(ByteString bytes)
    {
        try
        {
            return DeleteOptions.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw StatusErrors.BadRequest($"unable to decode DeleteOptions: {e.Message}");
        }
    }
}

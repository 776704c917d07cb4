using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Cluster.Api.Validation;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Rest;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Authentication;

/// <summary><c>serviceaccounts/token</c>: makes a token for a service account, bound to a pod, secret or node if asked.</summary>
internal sealed class TokenRequestConnector(IObjectReader reader, ServiceAccountTokens tokens, TimeProvider time) : IConnector
{
    private const string ApiVersion = "authentication.k8s.io/v1";
    private const string Kind = "TokenRequest";
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const long DefaultSeconds = 3600;
    private const long MinSeconds = 600;
    private const long MaxSeconds = 1L << 32;

    private static readonly ResourceType Accounts = ResourceCatalog.For<ServiceAccount>();
    private static readonly ResourceType Nodes = ResourceCatalog.For<Node>();

    public (string Resource, string Subresource) Path => ("serviceaccounts", "token");

    public async Task ConnectAsync(HttpContext context, RequestScope scope)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
            throw StatusErrors.MethodNotAllowed();
        var request = await ReadAsync(context.Request, context.RequestAborted);
        var account = await FindAsync(Accounts, scope.Namespace!, scope.Name!, context.RequestAborted)
            ?? throw StatusErrors.NotFound(Accounts, scope.Name!);
        request.Spec ??= new TokenRequestSpec();
        Check(request.Spec, scope.Name!);
        NodeTokenRule.Check(scope.User, request.Spec, scope.Namespace!, scope.Name!, reader);
        await IssueAsync(request, (ServiceAccount)account, context.RequestAborted);
        await AnswerAsync(context, request);
    }

    private static void Check(TokenRequestSpec spec, string name)
    {
        if (!spec.HasExpirationSeconds)
            spec.ExpirationSeconds = DefaultSeconds;
        var error = spec.ExpirationSeconds switch
        {
            < MinSeconds => "may not specify a duration less than 10 minutes",
            > MaxSeconds => "may not specify a duration larger than 2^32 seconds",
            _ => null,
        };
        if (error is not null)
            throw StatusErrors.Invalid("authentication.k8s.io", Kind, name, [FieldError.Invalid("spec.expirationSeconds", spec.ExpirationSeconds, error)]);
    }

    private async Task IssueAsync(TokenRequest request, ServiceAccount account, CancellationToken cancellationToken)
    {
        var (bound, node) = await BindAsync(request.Spec.BoundObjectRef, account, cancellationToken);
        var lifetime = TimeSpan.FromSeconds(request.Spec.ExpirationSeconds);
        if (request.Spec.Audiences.Count == 0)
            request.Spec.Audiences.Add(ServiceAccountTokens.DefaultAudience);
        request.Metadata = new() { Name = account.Metadata.Name, Namespace = account.Metadata.Namespace, CreationTimestamp = time.GetUtcNow().ToTime() };
        request.Status = new TokenRequestStatus
        {
            ExpirationTimestamp = (time.GetUtcNow() + lifetime).ToTime(),
            Token = tokens.Issue(
                account.Metadata.Namespace, account.Metadata.Name, account.Metadata.Uid, request.Spec.Audiences, lifetime, bound, node?.Name, node is { Uid.Length: > 0 } ? node.Uid : null),
        };
    }

    /// <summary>The object the token shall live and die with, and the node it is or is on.</summary>
    private async Task<(BoundObject? Bound, ObjectMeta? Node)> BindAsync(
        BoundObjectReference? reference, ServiceAccount account, CancellationToken cancellationToken)
    {
        if (reference is null)
            return (null, null);
        if (reference.Kind is not ("Pod" or "Secret" or "Node") || reference.ApiVersion is not ("v1" or ""))
            throw StatusErrors.BadRequest($"cannot bind token for serviceaccount {GoText.Quote(account.Metadata.Name)} to object of type {reference.ApiVersion}, Kind={reference.Kind}");
        var type = ResourceCatalog.FindKind("v1", reference.Kind)!;
        var target = await FindAsync(type, type.Namespaced ? account.Metadata.Namespace : null, reference.Name, cancellationToken)
            ?? throw StatusErrors.NotFound(type, reference.Name);
        if (reference.UID.Length > 0 && reference.UID != target.Metadata.Uid)
        {
            throw StatusErrors.Conflict(
                type, reference.Name,
                $"the UID in the bound object reference ({reference.UID}) does not match the UID in record. The object might have been deleted and then recreated");
        }

        if (target is Pod pod && pod.Spec.ServiceAccountName != account.Metadata.Name)
        {
            throw StatusErrors.BadRequest(
                $"cannot bind token for serviceaccount {GoText.Quote(account.Metadata.Name)} to pod running with different serviceaccount name.");
        }

        return (new BoundObject(reference.Kind, reference.Name, target.Metadata.Uid), await NodeOfAsync(target, cancellationToken));
    }

    // A pod may name a node that nobody has registered.
    private async ValueTask<ObjectMeta?> NodeOfAsync(IApiObject target, CancellationToken cancellationToken) => target switch
    {
        Node => target.Metadata,
        Pod { Spec.NodeName: { Length: > 0 } name } => (await FindAsync(Nodes, null, name, cancellationToken))?.Metadata ?? new ObjectMeta { Name = name },
        _ => null,
    };

    private static async Task<TokenRequest> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        var bytes = new ReadOnlyMemory<byte>(body.GetBuffer(), 0, (int)body.Length);
        if (Envelope.HasMagic(bytes.Span))
            return Envelope.Decode<TokenRequest>(bytes);
        return bytes.Length == 0 ? new TokenRequest() : JsonCodec.Decode<TokenRequest>(bytes.Span);
    }

    private static async Task AnswerAsync(HttpContext context, TokenRequest request)
    {
        var protobuf = context.Request.Headers.Accept.ToString().StartsWith(Protobuf, StringComparison.Ordinal);
        var body = protobuf ? Envelope.Encode(request, ApiVersion, Kind) : Json(request);
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.ContentType = protobuf ? Protobuf : "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] Json(TokenRequest request)
    {
        var json = new System.Buffers.ArrayBufferWriter<byte>();
        JsonCodec.Encode(request, json, ApiVersion, Kind, resourceVersion: null);
        return json.WrittenSpan.ToArray();
    }

    private async ValueTask<IApiObject?> FindAsync(ResourceType type, string? ns, string name, CancellationToken cancellationToken) =>
        reader.Find(type, ns, name) ?? await reader.FindFreshAsync(type, ns, name, cancellationToken);
}

using System.Buffers;
using System.Net;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Kubelets;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Rest;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cluster.ApiServer.Logs;

/// <summary><c>pods/log</c>: fetches the log from the kubelet of the pod's node and passes it on as it comes.</summary>
internal sealed class PodLogConnector(IObjectReader reader, KubeletClient kubelets) : IConnector
{
    private const int BufferBytes = 16 * 1024;

    /// <summary>Of a kubelet's refusal, so much is worth repeating.</summary>
    private const int MaxErrorBytes = 10 * 1024;

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    private static readonly ResourceType Nodes = ResourceCatalog.For<Node>();

    public (string Resource, string Subresource) Path => ("pods", "log");

    public async Task ConnectAsync(HttpContext context, RequestScope scope)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
            throw StatusErrors.MethodNotAllowed();
        var query = PodLogQuery.Parse(context.Request.Query, scope.Name!);
        var pod = await FindAsync<Pod>(Pods, scope.Namespace, scope.Name!, context.RequestAborted)
            ?? throw StatusErrors.NotFound(Pods, scope.Name!);
        var container = PodContainer.Choose(pod, query.Container);
        if (pod.Spec.NodeName.Length == 0)
        {
            // No node, no log yet: Kubernetes answers with an empty one.
            context.Response.ContentType = "text/plain";
            return;
        }

        using var response = await AskAsync(pod, container, query, context.RequestAborted);
        await CopyAsync(response, context);
    }

    private async Task<HttpResponseMessage> AskAsync(Pod pod, string container, PodLogQuery query, CancellationToken cancellationToken)
    {
        var node = await FindAsync<Node>(Nodes, null, pod.Spec.NodeName, cancellationToken) ?? throw StatusErrors.NotFound(Nodes, pod.Spec.NodeName);
        var root = kubelets.AddressOf(node) ?? throw StatusErrors.InternalError($"no preferred addresses found; known addresses: []");
        var url = new Uri(root, $"/containerLogs/{pod.Metadata.Namespace}/{pod.Metadata.Name}/{container}{query.ToKubeletQuery()}");
        try
        {
            var response = await kubelets.GetAsync(url, query.SkipTlsVerification, cancellationToken);
            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw Refusal(response.StatusCode, await ErrorTextAsync(response, cancellationToken), pod.Metadata.Name);
        }
        catch (HttpRequestException e)
        {
            throw StatusErrors.InternalError($"Get {GoText.Quote(url.ToString())}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // The handler gives up on a node that does not answer by cancelling.
            throw StatusErrors.InternalError($"Get {GoText.Quote(url.ToString())}: dial tcp {url.Authority}: i/o timeout", e);
        }
    }

    private static StatusException Refusal(HttpStatusCode code, string text, string pod) => code switch
    {
        HttpStatusCode.BadRequest => StatusErrors.BadRequest(text),
        HttpStatusCode.NotFound => new StatusException(new()
        {
            Status_ = "Failure",
            Code = 404,
            Reason = "NotFound",
            Message = $"the server could not find the requested resource ( pods/log {pod}): {text}",
            Details = new() { Name = pod, Kind = "pods/log" },
        }),
        _ => StatusErrors.InternalError(text),
    };

    private static async Task<string> ErrorTextAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MaxErrorBytes];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim();
    }

    /// <summary>Each piece is sent on at once: someone may be watching the log grow.</summary>
    private static async Task CopyAsync(HttpResponseMessage response, HttpContext context)
    {
        var cancellationToken = context.RequestAborted;
        context.Response.ContentType = "text/plain";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await context.Response.StartAsync(cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var length)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
                await context.Response.Body.FlushAsync(cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<T?> FindAsync<T>(ResourceType type, string? ns, string name, CancellationToken cancellationToken)
        where T : class, IApiObject => (reader.Find(type, ns, name) ?? await reader.FindFreshAsync(type, ns, name, cancellationToken)) as T;
}

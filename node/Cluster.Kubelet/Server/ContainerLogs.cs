using System.Globalization;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.PodWorkers;
using Microsoft.AspNetCore.Http;

namespace Cluster.Kubelet.Server;

/// <summary>GET /containerLogs/{namespace}/{pod}/{container}: a container's log, the newest container's or the one's before.</summary>
internal sealed class ContainerLogs(PodWorkerSet workers, ContainerObserver observer, IContainerRuntime runtime)
{
    public async Task WriteAsync(HttpContext context)
    {
        var route = context.Request.RouteValues;
        var (ns, name, container) = ((string)route["ns"]!, (string)route["pod"]!, (string)route["container"]!);
        if (workers.Find(ns, name) is not { } pod)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"pod \"{name}\" not found");
            return;
        }

        var previous = Flag(context, "previous");
        var found = Find(pod, container, previous);
        if (found is null)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, Reason(pod, container, previous));
            return;
        }

        if (!TryQuery(context, out var query, out var limit))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "invalid log query");
            return;
        }

        await CopyAsync(context, found.Id, query, limit);
    }

    private ObservedContainer? Find(Pod pod, string container, bool previous) =>
        observer.Get(pod.Metadata.Uid)
            .Where(row => !row.IsSandbox && row.ContainerName == container && row.State != ContainerRunState.Created)
            .OrderByDescending(row => row.Attempt).ThenByDescending(row => row.CreatedAt).Skip(previous ? 1 : 0).FirstOrDefault();

    private async Task CopyAsync(HttpContext context, string id, LogQuery query, long? limit)
    {
        context.Response.ContentType = "text/plain";
        await using var output = new LimitedStream(context.Response.Body, limit);
        try
        {
            await context.Response.StartAsync(context.RequestAborted);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, output.Full);
            await runtime.CopyLogsAsync(id, query, output, ended.Token);
        }
        catch (OperationCanceledException)
        {
            // The reader left, or has had all the bytes it asked for.
        }
        catch (RuntimeException exception) when (!context.Response.HasStarted)
        {
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, exception.Message);
        }
    }

    private static string Reason(Pod pod, string container, bool previous)
    {
        var name = pod.Metadata.Name;
        if (previous) return $"previous terminated container \"{container}\" in pod \"{name}\" not found";
        var status = pod.Status?.ContainerStatuses.Concat(pod.Status.InitContainerStatuses).Concat(pod.Status.EphemeralContainerStatuses)
            .FirstOrDefault(candidate => candidate.Name == container);
        return status?.State?.Waiting is { } waiting
            ? $"container \"{container}\" in pod \"{name}\" is waiting to start: {waiting.Reason}"
            : $"container \"{container}\" in pod \"{name}\" is not available";
    }

    private static bool TryQuery(HttpContext context, out LogQuery query, out long? limit)
    {
        query = new LogQuery();
        if (!TryNumber(context, "limitBytes", out limit) || !TryNumber(context, "tailLines", out var tail)
            || !TryNumber(context, "sinceSeconds", out var seconds))
            return false;
        DateTimeOffset? since = seconds is { } ago ? TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(ago) : null;
        if (context.Request.Query["sinceTime"].ToString() is { Length: > 0 } text)
        {
            if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) return false;
            since = time;
        }

        query = new LogQuery { Follow = Flag(context, "follow"), Timestamps = Flag(context, "timestamps"), TailLines = tail, Since = since };
        return true;
    }

    private static bool TryNumber(HttpContext context, string name, out long? value)
    {
        value = null;
        var text = context.Request.Query[name].ToString();
        if (text.Length == 0) return true;
        var valid = long.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= 0;
        value = number;
        return valid;
    }

    private static bool Flag(HttpContext context, string name) => context.Request.Query[name].ToString() is "true" or "1";

    private static Task RefuseAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        return context.Response.WriteAsync(text);
    }
}

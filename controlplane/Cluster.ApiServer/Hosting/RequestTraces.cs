using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Hosting;

/// <summary>Spans of requests and of the store's work for them, for whoever listens (OpenTelemetry); without a listener they cost a check.</summary>
public static class RequestTraces
{
    /// <summary>The source a listener names.</summary>
    public const string SourceName = "Cluster.ApiServer";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>The span of a request, a child of the caller's (W3C <c>traceparent</c>); null: nobody listens, or it is not sampled.</summary>
    internal static Activity? Start(HttpContext context, in RequestLabels labels, string auditId)
    {
        if (!Source.HasListeners())
            return null;
        var headers = context.Request.Headers;
        ActivityContext.TryParse(headers.TraceParent.ToString(), headers.TraceState.ToString(), isRemote: true, out var parent);
        var activity = Source.StartActivity(labels.Resource.Length > 0 ? $"{labels.Verb} {labels.Resource}" : labels.Verb, ActivityKind.Server, parent);
        activity?.SetTag("http.request.method", context.Request.Method);
        activity?.SetTag("url.path", context.Request.Path.Value);
        activity?.SetTag("audit-id", auditId);
        return activity;
    }

    internal static void End(Activity? activity, int code)
    {
        activity?.SetTag("http.response.status_code", code);
        if (code >= StatusCodes.Status500InternalServerError)
            activity?.SetStatus(ActivityStatusCode.Error);
        activity?.Dispose();
    }

    /// <summary>The span of an operation of the store; null: nobody listens.</summary>
    internal static Activity? Store(string operation) => Source.HasListeners() ? Source.StartActivity($"store {operation}", ActivityKind.Client) : null;
}

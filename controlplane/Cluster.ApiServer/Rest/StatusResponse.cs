using System.Globalization;
using Cluster.Api;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>Failures on the wire: the one place where a Status becomes an HTTP response.</summary>
internal static class StatusResponse
{
    /// <summary>Writes the failure in the format the client accepts; JSON if it accepts none of ours.</summary>
    public static Task WriteAsync(HttpContext context, StatusException failure)
    {
        if (failure.Status.Details is { RetryAfterSeconds: > 0 } details)
            context.Response.Headers.RetryAfter = details.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        var status = new EncodedMessage(failure.Status, "v1", "Status");
        return ObjectResponse.WriteAsync(context, ResponseFormat.OrJson(context.Request), failure.Code, status, context.RequestAborted);
    }
}

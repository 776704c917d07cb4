using System.Text;
using Cluster.Api;
using Cluster.Api.MetaV1;

namespace Cluster.Client;

/// <summary>What a REST answer that is no success says.</summary>
internal static class RestErrors
{
    /// <summary>Enough of a foreign error page to know what it is.</summary>
    private const int MaxTextLength = 512;

    public static StatusException Read(HttpResponseMessage response, ReadOnlyMemory<byte> body)
    {
        var status = TryRead(body) ?? Foreign((int)response.StatusCode, body);
        if (RetryAfterSeconds(response) is { } seconds)
        {
            (status.Details ??= new()).RetryAfterSeconds = seconds;
        }

        return new(status);
    }

    private static Status? TryRead(ReadOnlyMemory<byte> body)
    {
        try
        {
            var status = RestBodies.DecodeStatus(body);
            return status.Code == 0 ? null : status;
        }
        catch (Exception e) when (e is StatusException or FormatException or InvalidOperationException or IOException or Google.Protobuf.InvalidProtocolBufferException)
        {
            // Not every answer on the way to an API server comes from one.
            return null;
        }
    }

    private static Status Foreign(int code, ReadOnlyMemory<byte> body)
    {
        var text = Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, MaxTextLength)]).Trim();
        return new() { Status_ = "Failure", Code = code, Reason = Reason(code), Message = text.Length > 0 ? text : $"the server answered {code}" };
    }

    private static string Reason(int code) => code switch
    {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        409 => "Conflict",
        410 => "Gone",
        413 => "RequestEntityTooLarge",
        415 => "UnsupportedMediaType",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    };

    private static int? RetryAfterSeconds(HttpResponseMessage response) =>
        response.Headers.RetryAfter?.Delta is { } delta ? (int)Math.Ceiling(delta.TotalSeconds) : null;
}

using System.Globalization;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using ApiStatus = Cluster.Api.MetaV1.Status;

namespace Cluster.ApiServer.Grpc;

/// <summary>The one place where a Kubernetes Status becomes a gRPC one.</summary>
internal static class GrpcErrors
{
    /// <summary>The trailer that holds the whole Status, serialized.</summary>
    public const string StatusTrailer = "kubernetes-status-bin";

    public static RpcException Exception(ApiStatus status) => new(
        new Status(Code(status), status.Message), new Metadata { { StatusTrailer, status.ToByteArray() } }, status.Message);

    /// <summary>Answers a call that never reached its service: headers alone, as gRPC allows ("trailers-only").</summary>
    public static void Write(HttpResponse response, ApiStatus status)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = ((int)Code(status)).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = PercentEncode(status.Message);
        response.Headers[StatusTrailer] = Convert.ToBase64String(status.ToByteArray());
    }

    public static StatusCode Code(ApiStatus status) => status switch
    {
        { Reason: "AlreadyExists" } => StatusCode.AlreadyExists,
        { Reason: "ServerTimeout" } => StatusCode.DeadlineExceeded,
        { Code: 400 or 406 or 415 or 422 } => StatusCode.InvalidArgument,
        { Code: 401 } => StatusCode.Unauthenticated,
        { Code: 403 } => StatusCode.PermissionDenied,
        { Code: 404 } => StatusCode.NotFound,
        { Code: 405 } => StatusCode.Unimplemented,
        { Code: 409 } => StatusCode.Aborted,
        { Code: 410 } => StatusCode.OutOfRange,
        { Code: 413 or 429 } => StatusCode.ResourceExhausted,
        { Code: 503 } => StatusCode.Unavailable,
        { Code: 504 } => StatusCode.DeadlineExceeded,
        { Code: 500 } => StatusCode.Internal,
        _ => StatusCode.Unknown,
    };

    /// <summary>grpc-message is percent-encoded but for printable ASCII other than the percent sign.</summary>
    private static string PercentEncode(string message)
    {
        var text = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            if (b is >= 0x20 and <= 0x7e and not (byte)'%')
                text.Append((char)b);
            else
                text.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        }

        return text.ToString();
    }
}

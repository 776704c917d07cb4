using Cluster.Api;
using Cluster.Api.MetaV1;
using Grpc.Core;

namespace Cluster.Client;

/// <summary>gRPC failures as the client's contract has them.</summary>
internal static class GrpcErrors
{
    /// <summary>The trailer that holds the whole meta/v1 Status.</summary>
    public const string StatusTrailer = "kubernetes-status-bin";

    public static Exception Translate(RpcException e, CancellationToken cancellationToken)
    {
        if (e.Trailers.GetValueBytes(StatusTrailer) is { } bytes)
        {
            return new StatusException(Api.MetaV1.Status.Parser.ParseFrom(bytes), e);
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(e.Status.Detail, e, cancellationToken);
        }

        // Without a status of the API it may be the connection that failed, not the request.
        return e.Status.DebugException is not null || !Reasons.TryGetValue(e.StatusCode, out var reason)
            ? new HttpRequestException($"{e.StatusCode}: {e.Status.Detail}", e)
            : new StatusException(
                new() { Status_ = "Failure", Code = reason.Code, Reason = reason.Name, Message = e.Status.Detail }, e);
    }

    private static readonly Dictionary<StatusCode, (int Code, string Name)> Reasons = new()
    {
        [StatusCode.InvalidArgument] = (400, "BadRequest"),
        [StatusCode.Unauthenticated] = (401, "Unauthorized"),
        [StatusCode.PermissionDenied] = (403, "Forbidden"),
        [StatusCode.NotFound] = (404, "NotFound"),
        [StatusCode.Unimplemented] = (405, "MethodNotAllowed"),
        [StatusCode.AlreadyExists] = (409, "AlreadyExists"),
        [StatusCode.Aborted] = (409, "Conflict"),
        [StatusCode.FailedPrecondition] = (409, "Conflict"),
        [StatusCode.OutOfRange] = (410, "Expired"),
        [StatusCode.ResourceExhausted] = (429, "TooManyRequests"),
        [StatusCode.Internal] = (500, "InternalError"),
        [StatusCode.Unknown] = (500, "InternalError"),
    };
}

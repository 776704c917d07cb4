using System.Net.Sockets;
using Grpc.Core;

namespace Cluster.Storage.Etcd;

/// <summary>etcd's failures in the store's words.</summary>
internal static class EtcdErrors
{
    public static StoreException Of(RpcException e, EtcdMember member) =>
        new($"etcd at {member.Endpoint} failed: {e.Status.Detail}", e) { NotApplied = IsNotApplied(e) };

    /// <summary>The connection could not be made, so the request never left: it may be sent to another member, even a write.</summary>
    public static bool IsNeverSent(RpcException e) =>
        e.StatusCode == StatusCode.Unavailable && e.Status.DebugException is SocketException or HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        };

    /// <summary>Another member may do better with a read.</summary>
    public static bool IsMemberFailure(RpcException e) => e.StatusCode is StatusCode.Unavailable or StatusCode.Internal;

    // Codes with which etcd refuses before it does anything; with all others (a timeout, a lost connection) the write may stand.
    private static bool IsNotApplied(RpcException e) => IsNeverSent(e) || e.StatusCode
        is StatusCode.InvalidArgument or StatusCode.ResourceExhausted or StatusCode.FailedPrecondition or StatusCode.OutOfRange
        or StatusCode.NotFound or StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.Unimplemented;
}

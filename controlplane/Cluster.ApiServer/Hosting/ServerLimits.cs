using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Cluster.ApiServer.Hosting;

/// <summary>What one client may cost the server.</summary>
internal static class ServerLimits
{
    /// <summary>Kubernetes' bound of a request body: an object that etcd takes (1.5 MiB), as JSON, and room for a patch.</summary>
    public const int MaxRequestBodyBytes = 3 * 1024 * 1024;

    /// <summary>A kubelet or a controller holds a watch per kind and many calls on one connection.</summary>
    private const int StreamsPerConnection = 1000;

    public static void Apply(KestrelServerLimits limits)
    {
        limits.MaxRequestBodySize = MaxRequestBodyBytes;
        limits.MaxRequestHeadersTotalSize = 64 * 1024;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(3);
        // HTTP/2 knows this limit for the server only, and a watch may be silent or slow for hours: its cursor bounds what it holds,
        // and every other response is bounded by the request timeout.
        limits.MinResponseDataRate = null;
        limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(15);
    }
}

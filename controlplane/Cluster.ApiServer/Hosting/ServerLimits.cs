using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Cluster.ApiServer.Hosting;

/// <summary>What one client may cost the server.</summary>
internal static class ServerLimits
{
    /// <summary>Kubernetes' bound of a request body: an object that etcd takes (1.5 MiB), as JSON, and room for a patch.</summary>
    public const int MaxRequestBodyBytes = 3 * 1024 * 1024;

    /// <summary>A kubelet or a controller holds a watch per kind and many calls on one connection.</summary>
    private const int StreamsPerConnection = 1000;

    /// <summary>Half of the files this process may open are for clients: the store, kubelets and logs need the rest.</summary>
    private const int ShareOfFiles = 2;

    private const int ConnectionsWithoutLimit = 10_000;

    /// <summary>Connections at once; the next is closed at once.</summary>
    public static int MaxConnections { get; } = OpenFiles() is { } files ? Math.Max(1, files / ShareOfFiles) : ConnectionsWithoutLimit;

    /// <summary>Connections of one address at once: no single machine takes them all.</summary>
    public static int OfOneAddress(int maxConnections) => Math.Max(1, maxConnections / 2);

    public static void Apply(KestrelServerLimits limits, int maxConnections)
    {
        limits.MaxConcurrentConnections = maxConnections;
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

    // "Max open files   SOFT   HARD   files": the runtime raises the soft limit to the hard one.
    private static int? OpenFiles()
    {
        const string Path = "/proc/self/limits";
        if (!File.Exists(Path) || File.ReadLines(Path).FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal)) is not { } line)
            return null;
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return int.TryParse(words[^2], System.Globalization.CultureInfo.InvariantCulture, out var hard) ? hard : null;
    }
}

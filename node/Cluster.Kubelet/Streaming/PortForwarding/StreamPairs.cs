using System.Globalization;
using Cluster.Kubelet.Streaming.Spdy;

namespace Cluster.Kubelet.Streaming.PortForwarding;

/// <summary>Puts together the two streams that a client opens for each connection. Used by one loop.</summary>
internal sealed class StreamPairs(SpdySession session)
{
    private readonly Dictionary<string, SpdyStream> waiting = [];

    /// <summary>Takes a stream in; the connection, if this was its second stream.</summary>
    public ForwardedConnection? Add(SpdyStream stream)
    {
        var type = stream.Header("streamType");
        if (type is not ("error" or "data")
            || !int.TryParse(stream.Header("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
        {
            session.Refuse(stream);
            return null;
        }

        var request = RequestOf(stream, type);
        if (!waiting.Remove(request, out var other))
        {
            waiting[request] = stream;
            return null;
        }

        if (other.Header("streamType") == type)
        {
            session.Refuse(stream);
            waiting[request] = other;
            return null;
        }

        return type == "data" ? new ForwardedConnection(port, stream, other) : new ForwardedConnection(port, other, stream);
    }

    // Clients of long ago name no request: their data stream follows its error stream.
    private static string RequestOf(SpdyStream stream, string type) =>
        stream.Header("requestID") is { Length: > 0 } request ? request
        : (type == "data" ? stream.Id - 2 : stream.Id).ToString(CultureInfo.InvariantCulture);
}

namespace Cluster.Kubelet.Streaming.Spdy;

/// <summary>The client broke the framing: the session cannot go on.</summary>
internal sealed class SpdyException(string message, Exception? inner = null) : IOException(message, inner);

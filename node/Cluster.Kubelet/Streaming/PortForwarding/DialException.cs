namespace Cluster.Kubelet.Streaming.PortForwarding;

/// <summary>A pod's port could not be reached; the message is for the client.</summary>
internal sealed class DialException(string message, Exception? inner = null) : IOException(message, inner);

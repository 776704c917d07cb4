namespace Cluster.Dataplane.SocketLb;

/// <summary>Another process has what is pinned, and did not let go of it in time.</summary>
internal sealed class FolderHeldException(string message) : NotSupportedException(message);

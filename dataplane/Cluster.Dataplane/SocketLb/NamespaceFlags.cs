namespace Cluster.Dataplane.SocketLb;

/// <summary>Values of the namespace map.</summary>
internal static class NamespaceFlags
{
    public const int Pod = 0;

    /// <summary>The host's own namespace, where loopback is where node ports are.</summary>
    public const int Host = 1;
}

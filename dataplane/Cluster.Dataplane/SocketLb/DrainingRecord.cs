namespace Cluster.Dataplane.SocketLb;

/// <summary>The record of a backend that is chosen no more, kept while it has connections.</summary>
internal sealed class DrainingRecord(SocketService? service, BackendKey key, int index, uint identity)
{
    /// <summary>Null where it is an earlier process's and it is not known whose.</summary>
    public SocketService? Service { get; set; } = service;

    public BackendKey Key { get; } = key;

    public int Index { get; } = index;

    public uint Identity { get; } = identity;

    /// <summary>Its place in the list of all.</summary>
    public int Place { get; set; }

    /// <summary>When its connections are closed, as a timestamp of the table's clock; null while the service still knows it (not ready, on its way out).</summary>
    public long? CloseAt { get; set; }

    /// <summary>When its connected UDP sockets are closed, again where that did not reach all, by the same clock.</summary>
    public long CutAt { get; set; }

    /// <summary>How long until then from the last time.</summary>
    public TimeSpan CutPause { get; set; }
}

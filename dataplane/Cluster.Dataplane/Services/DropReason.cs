namespace Cluster.Dataplane.Services;

/// <summary>Why a connection or a datagram was not served.</summary>
public enum DropReason
{
    /// <summary>No backend may answer.</summary>
    NoBackend,

    /// <summary>Every backend that was tried refused, or did not answer in time.</summary>
    ConnectFailed,

    /// <summary>The client is not in the service's source ranges.</summary>
    SourceRefused,

    /// <summary>The service holds as many connections and sessions as it may.</summary>
    Limit,

    /// <summary>The process was out of descriptors or memory for another socket.</summary>
    Exhausted,

    /// <summary>Both sides were silent for the idle time-out.</summary>
    Idle,

    /// <summary>Silent, while there was no room for new connections.</summary>
    Shed,
}

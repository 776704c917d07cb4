namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>How the beginning of a connection whose first bytes are kept has ended.</summary>
internal enum ReplayOutcome : byte
{
    /// <summary>The backend has answered: the connection is as any other.</summary>
    Answered,

    /// <summary>The client has sent more than is kept: the backend it has stays.</summary>
    Overfull,

    /// <summary>The backend has ended in order, without an answer.</summary>
    BackendEnded,

    /// <summary>The backend was reset.</summary>
    BackendFailed,

    /// <summary>The client was reset.</summary>
    ClientFailed,
}

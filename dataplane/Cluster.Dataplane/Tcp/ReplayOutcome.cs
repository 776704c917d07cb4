namespace Cluster.Dataplane.Tcp;

/// <summary>How far a connection whose first bytes are kept has come, and how its beginning has ended.</summary>
internal enum ReplayOutcome : byte
{
    /// <summary>It has not ended: nothing more to do until a socket is readable or writable.</summary>
    Waiting,

    /// <summary>The backend has answered: there is nothing to replay any more.</summary>
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

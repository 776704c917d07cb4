namespace Cluster.Dataplane.Tcp;

/// <summary>What of a connection's beginning is kept, so that another backend can have it where the first one fails.</summary>
internal static class FirstBytes
{
    /// <summary>Kept of the client's, in bytes: a request with its headers, as most servers bound them too.</summary>
    public const int Kept = 16 * 1024;

    /// <summary>
    /// True where a backend that ended a connection without an answer has failed. In order and with nothing said by the client it has not:
    /// servers end idle connections so, and one that is killed fails the next dial.
    /// </summary>
    public static bool IsFailure(ReplayOutcome outcome, bool clientSpoke) => clientSpoke || outcome != ReplayOutcome.BackendEnded;
}

namespace Cluster.LoadTests.Failover;

/// <summary>How a request ended.</summary>
internal enum FailoverOutcome
{
    /// <summary>By its whole answer.</summary>
    Answered,

    /// <summary>Before it was sent: the connection was refused, reset, or not there after 5 s.</summary>
    ConnectFailed,

    /// <summary>After it was sent: the connection ended without the whole answer, or there was none after 5 s.</summary>
    RequestFailed,
}

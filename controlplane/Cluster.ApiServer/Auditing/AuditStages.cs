namespace Cluster.ApiServer.Auditing;

/// <summary>When an event of a request is written.</summary>
internal static class AuditStages
{
    public const string Received = "RequestReceived";

    /// <summary>The answer's headers are out, and its body may take long: watches, logs, exec and their like alone.</summary>
    public const string Started = "ResponseStarted";

    public const string Complete = "ResponseComplete";

    /// <summary>A fault of the server ended it.</summary>
    public const string Panic = "Panic";

    public static ReadOnlySpan<string> All => new[] { Received, Started, Complete, Panic };
}

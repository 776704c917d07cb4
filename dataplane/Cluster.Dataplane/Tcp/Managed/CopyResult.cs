namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>How one direction of a connection ended, and which side ended it.</summary>
internal enum CopyResult : byte
{
    /// <summary>The source closed its half, and so does the destination's now: every byte between was passed on.</summary>
    Completed,

    /// <summary>The source was reset.</summary>
    SourceFailed,

    /// <summary>The destination would take no more.</summary>
    DestinationFailed,
}

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>How far one direction of a connection has come.</summary>
internal enum PumpResult : byte
{
    /// <summary>Nothing more to do until the kernel says that a socket is readable or writable.</summary>
    Waiting,

    /// <summary>There is more, but others have their turn first.</summary>
    Yielded,

    /// <summary>The source has ended and all of it, the end included, was passed on.</summary>
    Ended,

    /// <summary>A socket failed: the connection is to be reset on both sides.</summary>
    Failed,
}

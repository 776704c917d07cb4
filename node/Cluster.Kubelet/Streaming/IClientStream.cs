namespace Cluster.Kubelet.Streaming;

/// <summary>One of the streams a client opened: two directions that end apart, whatever framing carries them.</summary>
/// <remarks>One reader and one writer at a time. What the client sends is held up to a bound; past it the client is made to wait.</remarks>
internal interface IClientStream
{
    /// <summary>What the client sends. Ends when the client ends its direction, resets the stream or goes away.</summary>
    Stream Input { get; }

    /// <exception cref="IOException">The client reset the stream or went away.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Nothing more is written. Where the client went away, nothing happens.</summary>
    ValueTask CompleteAsync(CancellationToken cancellationToken);
}

namespace Cluster.Kubelet.Streaming;

/// <summary>A client's connection that carries streams.</summary>
internal interface IClientSession : IAsyncDisposable
{
    /// <summary>Cancelled when the client went away, broke the protocol or was idle for too long.</summary>
    CancellationToken Gone { get; }

    /// <summary>
    /// Ends in good order: what was written goes out, what still comes is dropped, and the client gets a moment to close first.
    /// </summary>
    Task CloseAsync();
}

namespace Cluster.Client;

/// <summary>What an informer of any kind can do without knowing the kind: run, and say when its first list is in.</summary>
public interface IInformer
{
    bool HasSynced { get; }

    Task RunAsync(CancellationToken cancellationToken);

    Task WaitForSyncAsync(CancellationToken cancellationToken);
}

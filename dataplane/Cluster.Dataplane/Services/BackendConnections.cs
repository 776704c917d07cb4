namespace Cluster.Dataplane.Services;

/// <summary>TCP connections that a pod has from this node, over all service ports and paths.</summary>
/// <param name="TakesNew">It is ready in one of them: there will be more.</param>
/// <param name="Count">Connections that have not ended.</param>
public readonly record struct BackendConnections(bool TakesNew, long Count)
{
    /// <summary>None is left, and none will come.</summary>
    public bool IsDrained => !TakesNew && Count == 0;
}

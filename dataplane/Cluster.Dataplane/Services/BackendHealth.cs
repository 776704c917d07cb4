namespace Cluster.Dataplane.Services;

/// <summary>What a backend may be used for.</summary>
public enum BackendHealth : byte
{
    NotReady,

    /// <summary>On its way out but still serving: used only where nothing ready is left.</summary>
    Terminating,

    Ready,
}

namespace Cluster.Containers;

/// <summary>What happened to a container.</summary>
public enum RuntimeEventType
{
    Created,
    Started,
    Died,
    Removed,
    OutOfMemory,
}

/// <summary>A change the engine reported: a hint to look again, for events can be lost with the connection.</summary>
public readonly record struct RuntimeEvent(RuntimeEventType Type, string ContainerId, string PodUid);

using Cluster.Api;

namespace Cluster.ApiServer.Strategies;

/// <summary>ReplicationController, ReplicaSet, StatefulSet and their like: a spec that controllers follow by its generation.</summary>
internal class WorkloadStrategy : ResourceStrategy
{
    public WorkloadStrategy(ResourceType type)
        : base(type) => HasGeneration = true;

    public override void PrepareForStatusUpdate(IApiObject obj, IApiObject old)
    {
        base.PrepareForStatusUpdate(obj, old);
        // The controllers that write status read the object from a cache: they must not undo a newer label.
        obj.Metadata.Labels.Clear();
        obj.Metadata.Labels.Add(old.Metadata.Labels);
    }
}

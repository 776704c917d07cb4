using Cluster.Api;

namespace Cluster.ApiServer.Strategies;

/// <summary>A deployment's annotations are its controller's work too: they are copied to its replica sets, so they count as a generation.</summary>
internal sealed class DeploymentStrategy(ResourceType type) : WorkloadStrategy(type)
{
    public override bool IsSpecChanged(IApiObject obj, IApiObject old) =>
        base.IsSpecChanged(obj, old) || !obj.Metadata.Annotations.Equals(old.Metadata.Annotations);
}

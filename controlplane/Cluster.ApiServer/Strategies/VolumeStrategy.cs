using Cluster.Api;
using Cluster.Api.Defaulting;

namespace Cluster.ApiServer.Strategies;

/// <summary>Volumes and claims: a new one is Pending, whatever status it came with.</summary>
internal sealed class VolumeStrategy(ResourceType type) : ResourceStrategy(type)
{
    public override void PrepareForCreate(IApiObject obj)
    {
        base.PrepareForCreate(obj);
        Defaults.Apply(obj);
    }
}

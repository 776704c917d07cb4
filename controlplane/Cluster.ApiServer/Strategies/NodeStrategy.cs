using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Strategies;

/// <summary>A node registers itself with its status in one request, so a create keeps it.</summary>
internal sealed class NodeStrategy(ResourceType type) : ResourceStrategy(type)
{
    public override void PrepareForCreate(IApiObject obj)
    {
        var node = (Node)obj;
        node.Spec ??= new NodeSpec();
        node.Status ??= new NodeStatus();
    }
}

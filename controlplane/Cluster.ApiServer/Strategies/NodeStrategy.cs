using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Strategies;

/// <summary>A node registers itself with its status in one request, so a create keeps it. Its pod ranges read the same under either name.</summary>
internal sealed class NodeStrategy(ResourceType type) : ResourceStrategy(type)
{
    public override void PrepareForCreate(IApiObject obj)
    {
        var node = (Node)obj;
        node.Spec ??= new NodeSpec();
        node.Status ??= new NodeStatus();
        AgreeOnRanges(node.Spec);
    }

    public override void PrepareForUpdate(IApiObject obj, IApiObject old)
    {
        base.PrepareForUpdate(obj, old);
        if (((Node)obj).Spec is { } spec)
            AgreeOnRanges(spec);
    }

    /// <summary>podCIDR is podCIDRs[0] for readers of either; where they differ, podCIDR is what its writer knew.</summary>
    private static void AgreeOnRanges(NodeSpec spec)
    {
        if (spec.PodCIDR.Length == 0)
        {
            spec.PodCIDR = spec.PodCIDRs.FirstOrDefault() ?? "";
        }
        else if (spec.PodCIDRs.FirstOrDefault() != spec.PodCIDR)
        {
            spec.PodCIDRs.Clear();
            spec.PodCIDRs.Add(spec.PodCIDR);
        }
    }
}

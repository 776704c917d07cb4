using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Nodes;

/// <summary>Gives each node a range of pod addresses of its own.</summary>
internal sealed class NodeCidrController(ControllerContext context) : IController
{
    private readonly CidrRange? _range = context.Options.ClusterCidr is { } cidr ? new(cidr, context.Options.NodeCidrMaskSize) : null;
    private readonly EventRecorder _events = context.Events("cidrAllocator");

    // Ranges given that the cache may not show yet. Only the one worker uses it.
    private readonly Dictionary<string, string> _given = [];
    private Informer<Node> _nodes = null!;

    public string Name => "nodeipam";

    /// <summary>One: two nodes must not be given the same range.</summary>
    public int Workers => 1;

    public void Watch(ControllerWatches watches) => _nodes = watches.Own<Node>();

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_nodes.Get(key) is not { } node)
        {
            _given.Remove(key.Name);
            return null;
        }

        if (_range is null || node.Spec?.PodCIDR.Length > 0)
        {
            return null;
        }

        if (_given.GetValueOrDefault(key.Name) is not { } part)
        {
            part = FindFree(_range);
            if (part is null)
            {
                _events.Record(node, "Warning", "CIDRNotAvailable", $"Node {key.Name} status is now: CIDRNotAvailable");
                return TimeSpan.FromMinutes(1);
            }

            _given[key.Name] = part;
        }

        // The node's own version is no precondition: nobody else writes these fields, and its status changes all the time.
        var spec = new JsonObject { ["podCIDR"] = part, ["podCIDRs"] = new JsonArray(part) };
        var patch = PatchBody.Strategic(new JsonObject { ["spec"] = spec }.ToJsonString());
        await context.Client.PatchAsync<Node>(null, key.Name, patch, null, cancellationToken);
        return null;
    }

    private string? FindFree(CidrRange range)
    {
        var taken = _nodes.List().Select(node => node.Spec?.PodCIDR).Concat(_given.Values).ToHashSet();
        return Enumerable.Range(0, range.Count).Select(range.Part).FirstOrDefault(part => !taken.Contains(part));
    }
}

using System.Net;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Reflection;

/// <summary>Follows this node's own object for its zone. One watch of one object.</summary>
internal sealed class NodeZone
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    /// <summary>The cluster autoscaler's mark of a node that it is about to delete.</summary>
    private const string GoingTaint = "ToBeDeletedByClusterAutoscaler";

    private readonly Informer<Node> _node;
    private readonly ProxyHealth _health;
    private volatile NodePlace _place;

    public NodeZone(IApiClient client, string nodeName, IReadOnlyList<IPNetwork> nodePortRanges, ProxyHealth health, ILogger logger, TimeProvider time)
    {
        _health = health;
        _place = new NodePlace(nodeName, null) { NodePortRanges = [.. nodePortRanges] };
        _node = new Informer<Node>(client, null, new ListQuery { FieldSelector = $"metadata.name={nodeName}" }, logger, time);
        _node.AddHandler((_, current) => Take(current));
    }

    /// <summary>Told when the zone is another; on the informer's own loop.</summary>
    public event Action? Changed;

    /// <summary>The node as last seen.</summary>
    public NodePlace Place => _place;

    public Task RunAsync(CancellationToken cancellationToken) => _node.RunAsync(cancellationToken);

    private void Take(Node? node)
    {
        // A node object that is away for a moment takes no zone away: the machine has not moved.
        if (node is null || node.Metadata.Name != _place.Name) return;
        _health.SetNodeEligible(node.Metadata.DeletionTimestamp is null && node.Spec?.Taints.Any(taint => taint.Key == GoingTaint) != true);
        var zone = node.Metadata.Labels.TryGetValue(ZoneLabel, out var label) && label.Length > 0 ? label : null;
        if (zone == _place.Zone) return;
        _place = _place with { Zone = zone };
        Changed?.Invoke();
    }
}

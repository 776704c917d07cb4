using System.Net;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Reflection;

/// <summary>Follows this node's own object for its zone. One watch of one object.</summary>
internal sealed class NodeZone
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    private readonly Informer<Node> _node;
    private volatile NodePlace _place;

    public NodeZone(IApiClient client, string nodeName, IReadOnlyList<IPNetwork> nodePortRanges, ILogger logger, TimeProvider time)
    {
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
        var zone = node.Metadata.Labels.TryGetValue(ZoneLabel, out var label) && label.Length > 0 ? label : null;
        if (zone == _place.Zone) return;
        _place = _place with { Zone = zone };
        Changed?.Invoke();
    }
}

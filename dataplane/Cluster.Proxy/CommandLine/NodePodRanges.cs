using System.Net;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.CommandLine;

/// <summary>Asks the API for the pod ranges of this node, for a proxy that was told none by <c>--cluster-cidr</c>.</summary>
/// <remarks>By them pods of this node are told from clients beyond it. Without an answer in time all clients but the node itself are beyond it.</remarks>
internal static class NodePodRanges
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<IPNetwork>> FindAsync(IApiClient client, string nodeName, ILogger logger, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var node = await client.GetAsync<Node>(null, nodeName, limit.Token);
            var ranges = (node.Spec?.PodCIDRs ?? []).Append(node.Spec?.PodCIDR ?? "")
                .Select(text => IPNetwork.TryParse(text, out var range) ? range : (IPNetwork?)null).OfType<IPNetwork>().Distinct().ToList();
            if (ranges.Count > 0) logger.LogInformation("Pods of this node are those in {Ranges}, by its spec.podCIDRs", string.Join(", ", ranges));
            return ranges;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested
            && failure is StatusException or HttpRequestException or IOException or OperationCanceledException)
        {
            logger.LogWarning("The pod range of node {Node} is not known: {Reason}; --cluster-cidr gives it", nodeName, failure.Message);
            return [];
        }
    }
}

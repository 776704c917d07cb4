using System.Globalization;

namespace Cluster.Scheduler.Framework;

/// <summary>Why no node fits a pod, and what may change that.</summary>
/// <param name="Message">In Kubernetes' words: <c>0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.</c></param>
/// <param name="WakesOn">Until one of these the pod need not be tried again.</param>
public sealed record FitFailure(string Message, ClusterEvents WakesOn)
{
    public static readonly FitFailure NoNodes = new("no nodes available to schedule pods", ClusterEvents.NodeAdded);

    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="reasons">Each reason with the number of nodes it was given for.</param>
    /// <param name="wakesOn">What the plug-ins that gave them say.</param>
    public static FitFailure Of(int nodes, IReadOnlyDictionary<string, int> reasons, ClusterEvents wakesOn)
    {
        var counted = reasons.Select(reason => string.Create(CultureInfo.InvariantCulture, $"{reason.Value} {reason.Key}")).Order(StringComparer.Ordinal);
        var message = string.Create(CultureInfo.InvariantCulture, $"0/{nodes} nodes are available: {string.Join(", ", counted)}.");
        return new FitFailure(message, wakesOn | ClusterEvents.NodeAdded);
    }
}

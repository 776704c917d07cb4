using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Nodes;

/// <summary>What we say of a node that says nothing.</summary>
internal static class NodeConditions
{
    private static readonly string[] Reported = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    /// <summary>A copy whose reported conditions are Unknown; those that are already stay as they are.</summary>
    public static Node Unknown(Node node, DateTimeOffset now)
    {
        var updated = node.Clone();
        var conditions = (updated.Status ??= new()).Conditions;
        foreach (var type in Reported)
        {
            var condition = conditions.FirstOrDefault(one => one.Type == type);
            if (condition is null)
            {
                conditions.Add(new NodeCondition
                {
                    Type = type,
                    Status = "Unknown",
                    Reason = "NodeStatusNeverUpdated",
                    Message = "Kubelet never posted node status.",
                    LastHeartbeatTime = node.Metadata.CreationTimestamp,
                    LastTransitionTime = now.ToTime(),
                });
            }
            else if (condition.Status != "Unknown")
            {
                condition.Status = "Unknown";
                condition.Reason = "NodeStatusUnknown";
                condition.Message = "Kubelet stopped posting node status.";
                condition.LastTransitionTime = now.ToTime();
            }
        }

        return updated;
    }
}

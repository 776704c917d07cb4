using Cluster.Api;
using Cluster.Api.AppsV1;

namespace Cluster.Controllers.Deployments;

/// <summary>The conditions of a deployment's status.</summary>
internal static class DeploymentConditions
{
    public const string Progressing = "Progressing";
    public const string Available = "Available";
    public const string ReplicaFailure = "ReplicaFailure";

    public const string NewSetAvailable = "NewReplicaSetAvailable";
    public const string TimedOut = "ProgressDeadlineExceeded";
    public const string Paused = "DeploymentPaused";
    public const string Resumed = "DeploymentResumed";

    public static DeploymentCondition? Get(this DeploymentStatus? status, string type) =>
        status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    /// <summary>Sets a condition. One of the same status and reason stays as it is; a new reason alone is no transition.</summary>
    public static void Set(this DeploymentStatus status, string type, string value, string reason, string message, DateTimeOffset now)
    {
        var old = status.Get(type);
        if (old?.Status == value && old.Reason == reason)
        {
            return;
        }

        status.Remove(type);
        status.Conditions.Add(new DeploymentCondition
        {
            Type = type,
            Status = value,
            Reason = reason,
            Message = message,
            LastUpdateTime = now.ToTime(),
            LastTransitionTime = old?.Status == value ? old.LastTransitionTime : now.ToTime(),
        });
    }

    /// <summary>Sets a condition anew, though status and reason may be the same: its update time is the time of the last progress.</summary>
    public static void Renew(this DeploymentStatus status, string type, string value, string reason, string message, DateTimeOffset now)
    {
        var old = status.Get(type);
        status.Remove(type);
        status.Set(type, value, reason, message, now);
        if (old?.Status == value)
        {
            status.Get(type)!.LastTransitionTime = old.LastTransitionTime;
        }
    }

    public static void Remove(this DeploymentStatus status, string type)
    {
        if (status.Get(type) is { } condition)
        {
            status.Conditions.Remove(condition);
        }
    }
}

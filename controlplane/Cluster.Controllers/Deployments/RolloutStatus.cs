using Cluster.Api;
using Cluster.Api.AppsV1;

namespace Cluster.Controllers.Deployments;

/// <summary>What a deployment's status says of a roll-out.</summary>
internal static class RolloutStatus
{
    /// <summary>Counts and availability; with <paramref name="progress"/> also how the roll-out goes on.</summary>
    public static DeploymentStatus Compute(Rollout rollout, bool progress, DateTimeOffset now)
    {
        var status = Count(rollout);
        SetAvailable(rollout.Deployment, status, now);
        if (progress)
        {
            SetProgress(rollout, status, now);
        }

        SetFailure(rollout, status);
        return status;
    }

    public static bool IsComplete(Deployment deployment, DeploymentStatus status)
    {
        var wanted = deployment.Wanted();
        return status.UpdatedReplicas == wanted
            && status.Replicas == wanted
            && status.AvailableReplicas == wanted
            && status.ObservedGeneration >= deployment.Metadata.Generation;
    }

    /// <summary>When a roll-out that goes on as now will have failed; null: it will not.</summary>
    public static TimeSpan? TimeLeft(Deployment deployment, DeploymentStatus status, DateTimeOffset now) =>
        deployment.ProgressDeadline() is { } deadline
        && status.Get(DeploymentConditions.Progressing) is { } condition
        && condition.Reason != DeploymentConditions.TimedOut
        && !IsComplete(deployment, status)
            ? condition.LastUpdateTime.ToDateTimeOffset() + deadline - now
            : null;

    private static DeploymentStatus Count(Rollout rollout)
    {
        var status = rollout.Deployment.Status.Clone();
        status.ObservedGeneration = rollout.Deployment.Metadata.Generation;
        status.Replicas = RolloutSets.Actual(rollout.All);
        status.UpdatedReplicas = rollout.New is { } set ? RolloutSets.Actual([set]) : 0;
        status.ReadyReplicas = RolloutSets.Ready(rollout.All);
        status.AvailableReplicas = RolloutSets.Available(rollout.All);
        status.UnavailableReplicas = Math.Max(0, RolloutSets.Wanted(rollout.All) - status.AvailableReplicas);
        return status;
    }

    private static void SetAvailable(Deployment deployment, DeploymentStatus status, DateTimeOffset now)
    {
        if (status.AvailableReplicas >= deployment.Wanted() - deployment.MaxUnavailable())
        {
            status.Set(DeploymentConditions.Available, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now);
        }
        else
        {
            status.Set(DeploymentConditions.Available, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now);
        }
    }

    private static void SetProgress(Rollout rollout, DeploymentStatus status, DateTimeOffset now)
    {
        var deployment = rollout.Deployment;
        if (deployment.ProgressDeadline() is null)
        {
            status.Remove(DeploymentConditions.Progressing);
            return;
        }

        // A roll-out that is through stays through, whatever happens to its pods later.
        var isThrough = status.Replicas == status.UpdatedReplicas
            && status.Get(DeploymentConditions.Progressing)?.Reason == DeploymentConditions.NewSetAvailable;
        if (isThrough)
        {
            return;
        }

        var subject = rollout.New is { } set ? $"ReplicaSet \"{set.Metadata.Name}\"" : $"Deployment \"{deployment.Metadata.Name}\"";
        if (IsComplete(deployment, status))
        {
            status.Set(DeploymentConditions.Progressing, "True", DeploymentConditions.NewSetAvailable, $"{subject} has successfully progressed.", now);
        }
        else if (HasProgressed(rollout.Seen.Status ?? new(), status))
        {
            status.Renew(DeploymentConditions.Progressing, "True", "ReplicaSetUpdated", $"{subject} is progressing.", now);
        }
        else if (HasTimedOut(deployment, status, now))
        {
            status.Set(DeploymentConditions.Progressing, "False", DeploymentConditions.TimedOut, $"{subject} has timed out progressing.", now);
        }
    }

    private static bool HasProgressed(DeploymentStatus before, DeploymentStatus status) =>
        status.UpdatedReplicas > before.UpdatedReplicas
        || status.Replicas - status.UpdatedReplicas < before.Replicas - before.UpdatedReplicas
        || status.ReadyReplicas > before.ReadyReplicas
        || status.AvailableReplicas > before.AvailableReplicas;

    private static bool HasTimedOut(Deployment deployment, DeploymentStatus status, DateTimeOffset now) =>
        status.Get(DeploymentConditions.Progressing) is { } condition
        && condition.Reason != DeploymentConditions.NewSetAvailable
        && condition.LastUpdateTime.ToDateTimeOffset() + deployment.ProgressDeadline()!.Value < now;

    /// <summary>Why a set cannot make its pods is why the deployment cannot.</summary>
    private static void SetFailure(Rollout rollout, DeploymentStatus status)
    {
        var failure = (rollout.New is { } set ? [set] : rollout.All)
            .SelectMany(one => one.Status?.Conditions ?? [])
            .FirstOrDefault(condition => condition.Type == DeploymentConditions.ReplicaFailure);
        if (failure is null)
        {
            status.Remove(DeploymentConditions.ReplicaFailure);
        }
        else
        {
            status.Set(
                DeploymentConditions.ReplicaFailure, failure.Status, failure.Reason, failure.Message, failure.LastTransitionTime.ToDateTimeOffset());
        }
    }
}

using Cluster.Api.AppsV1;

namespace Cluster.Controllers.Deployments;

/// <summary>Replaces pods a few at a time: never more than the surge too many, never more than the allowed number too few.</summary>
internal sealed class RollingUpdate(SetWriter writer)
{
    /// <summary>One step: the new set up as far as the surge allows or, when it cannot grow, old sets down as far as availability allows.</summary>
    public async Task StepAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        var set = rollout.New!;
        var wanted = rollout.Deployment.Wanted();
        var size = set.Wanted() > wanted ? wanted : NewReplicas(rollout, set.Wanted());
        if (set.Wanted() == wanted || !await writer.ScaleAsync(rollout, set, size, cancellationToken))
        {
            await ShrinkOldAsync(rollout, cancellationToken);
        }
    }

    /// <summary>The size the new set may have, given what the others have.</summary>
    public static int NewReplicas(Rollout rollout, int current)
    {
        var deployment = rollout.Deployment;
        if (!deployment.IsRollingUpdate())
        {
            return deployment.Wanted();
        }

        var room = deployment.Wanted() + deployment.MaxSurge() - RolloutSets.Wanted(rollout.All);
        return room <= 0 ? current : current + Math.Min(room, deployment.Wanted() - current);
    }

    private async Task ShrinkOldAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        var deployment = rollout.Deployment;
        var minAvailable = deployment.Wanted() - deployment.MaxUnavailable();
        var newUnavailable = rollout.New!.Wanted() - RolloutSets.Available(rollout.New!);
        var mayGo = RolloutSets.Wanted(rollout.All) - minAvailable - newUnavailable;
        if (mayGo <= 0)
        {
            return;
        }

        await DropUnhealthyAsync(rollout, mayGo, cancellationToken);
        await DropAvailableAsync(rollout, rollout.All.Sum(RolloutSets.Staying) - minAvailable, cancellationToken);
    }

    /// <summary>Old pods that do not work cost nothing to lose, and would hold the roll-out up for ever.</summary>
    private async Task DropUnhealthyAsync(Rollout rollout, int mayGo, CancellationToken cancellationToken)
    {
        foreach (var set in RolloutSets.OldestFirst(rollout.ActiveOld).ToList())
        {
            var drop = Math.Min(mayGo, set.Wanted() - RolloutSets.Available(set));
            if (drop > 0)
            {
                await writer.ScaleAsync(rollout, set, set.Wanted() - drop, cancellationToken);
                mayGo -= drop;
            }
        }
    }

    private async Task DropAvailableAsync(Rollout rollout, int mayGo, CancellationToken cancellationToken)
    {
        foreach (var set in RolloutSets.OldestFirst(rollout.ActiveOld).ToList())
        {
            var drop = Math.Min(mayGo, set.Wanted());
            if (drop > 0)
            {
                await writer.ScaleAsync(rollout, set, set.Wanted() - drop, cancellationToken);
                mayGo -= drop;
            }
        }
    }
}

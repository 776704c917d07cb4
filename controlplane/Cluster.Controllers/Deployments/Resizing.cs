using Cluster.Api.AppsV1;

namespace Cluster.Controllers.Deployments;

/// <summary>Follows a change of the deployment's size, which is no new roll-out.</summary>
internal sealed class Resizing(SetWriter writer)
{
    /// <summary>The size the sets were made for is not the size wanted now.</summary>
    public static bool IsNeeded(Rollout rollout) =>
        rollout.All.Where(RolloutSets.IsActive).Any(set => Revisions.Desired(set) is { } desired && desired != rollout.Deployment.Wanted());

    public async Task RunAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        var deployment = rollout.Deployment;
        if (rollout.ActiveOrLatest() is { } only)
        {
            await writer.ScaleAsync(rollout, only, deployment.Wanted(), cancellationToken);
        }
        else if (IsSaturated(rollout))
        {
            foreach (var set in rollout.ActiveOld)
            {
                await writer.ScaleAsync(rollout, set, 0, cancellationToken);
            }
        }
        else if (deployment.IsRollingUpdate())
        {
            foreach (var (set, size) in Shares(rollout))
            {
                await writer.ScaleAsync(rollout, set, size, cancellationToken);
            }
        }
    }

    /// <summary>The new set has all pods it shall have, and they are available.</summary>
    private static bool IsSaturated(Rollout rollout)
    {
        var wanted = rollout.Deployment.Wanted();
        return rollout.New is { } set && set.Wanted() == wanted && Revisions.Desired(set) == wanted && RolloutSets.Available(set) == wanted;
    }

    /// <summary>In the middle of a roll-out each set grows or shrinks by its share, so that the old and the new bear the risk alike.</summary>
    private static List<(ReplicaSet Set, int Size)> Shares(Rollout rollout)
    {
        var deployment = rollout.Deployment;
        var active = rollout.All.Where(RolloutSets.IsActive).ToList();
        var allowed = deployment.Wanted() > 0 ? deployment.Wanted() + deployment.MaxSurge() : 0;
        var toAdd = allowed - RolloutSets.Wanted(active);

        // The largest first; among equals the newer grows and the older shrinks.
        var ordered = active.OrderByDescending(set => set.Wanted());
        var sets = (toAdd > 0 ? ordered.ThenByDescending(RolloutSets.Created) : ordered.ThenBy(RolloutSets.Created)).ToList();
        var added = 0;
        var shares = new List<(ReplicaSet Set, int Size)>();
        foreach (var set in sets)
        {
            var share = Share(set, deployment, toAdd, added);
            shares.Add((set, set.Wanted() + share));
            added += share;
        }

        // What rounding left over goes to the first.
        if (shares.Count > 0)
        {
            shares[0] = (shares[0].Set, Math.Max(0, shares[0].Size + toAdd - added));
        }

        return shares;
    }

    private static int Share(ReplicaSet set, Deployment deployment, int toAdd, int added)
    {
        if (toAdd == added)
        {
            return 0;
        }

        var fraction = Fraction(set, deployment);
        return toAdd > 0 ? Math.Min(fraction, toAdd - added) : Math.Max(fraction, toAdd - added);
    }

    private static int Fraction(ReplicaSet set, Deployment deployment)
    {
        if (deployment.Wanted() == 0)
        {
            return -set.Wanted();
        }

        var before = Revisions.Max(set) ?? deployment.Status.Replicas;
        var size = set.Wanted() * (double)(deployment.Wanted() + deployment.MaxSurge()) / Math.Max(1, before);
        return (int)Math.Round(size, MidpointRounding.AwayFromZero) - set.Wanted();
    }
}

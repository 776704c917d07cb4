using Cluster.Api;
using Cluster.Api.AppsV1;

namespace Cluster.Controllers.Deployments;

/// <summary>One look at a deployment: it, its sets, and what was changed on the way. Belongs to one reconciliation.</summary>
internal sealed class Rollout
{
    private readonly List<ReplicaSet> _sets;

    public Rollout(Deployment seen, List<ReplicaSet> sets)
    {
        Seen = seen;
        Deployment = seen.Clone();
        Deployment.Status ??= new();
        _sets = sets;
        New = RolloutSets.FindNew(Deployment, sets);
    }

    /// <summary>The deployment as the cache has it; shared.</summary>
    public Deployment Seen { get; }

    /// <summary>Our copy, whose status collects what this reconciliation finds.</summary>
    public Deployment Deployment { get; }

    /// <summary>The set of the current template, if it is there.</summary>
    public ReplicaSet? New { get; private set; }

    public IEnumerable<ReplicaSet> All => _sets;

    /// <summary>Every set but the new one.</summary>
    public IReadOnlyList<ReplicaSet> Old => [.. _sets.Where(set => set.Metadata.Uid != New?.Metadata.Uid)];

    public IReadOnlyList<ReplicaSet> ActiveOld => [.. Old.Where(RolloutSets.IsActive)];

    public bool UsesRecreate => !Deployment.IsRollingUpdate();

    /// <summary>A set was created or written: this is it now.</summary>
    public void Replace(ReplicaSet written)
    {
        var index = _sets.FindIndex(set => set.Metadata.Name == written.Metadata.Name);
        if (index < 0)
        {
            _sets.Add(written);
        }
        else
        {
            _sets[index] = written;
        }

        if (New is null || New.Metadata.Name == written.Metadata.Name)
        {
            New = RolloutSets.FindNew(Deployment, _sets);
        }
    }

    /// <summary>
    /// The one set to which a plain change of size goes: the only active one or, if none is, the newest. Null: there are several.
    /// </summary>
    public ReplicaSet? ActiveOrLatest()
    {
        var active = _sets.Where(RolloutSets.IsActive).ToList();
        return active.Count switch
        {
            0 => New ?? RolloutSets.OldestFirst(_sets).LastOrDefault(),
            1 => active[0],
            _ => null,
        };
    }
}

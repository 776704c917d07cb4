using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.History;
using Cluster.Controllers.Replication;

namespace Cluster.Controllers.StatefulSets;

/// <summary>The pods of a stateful set by number, at one moment.</summary>
internal sealed class StatefulPods
{
    private readonly StatefulSet _set;
    private readonly DateTimeOffset _now;
    private readonly List<(int Ordinal, Pod Pod)> _all;

    public StatefulPods(StatefulSet set, IEnumerable<Pod> pods, DateTimeOffset now)
    {
        _set = set;
        _now = now;
        _all = [.. pods.Select(pod => (Ordinal: StatefulIdentity.OrdinalOf(set, pod.Metadata.Name), Pod: pod))
            .Where(one => one.Ordinal is not null).Select(one => (one.Ordinal!.Value, one.Pod)).OrderBy(one => one.Item1)];
    }

    private int First => _set.Spec.Ordinals?.Start ?? 0;

    /// <summary>The numbers that shall have a pod, in order.</summary>
    public IEnumerable<int> Ordinals => Enumerable.Range(First, Wanted);

    public int Wanted => _set.Spec.HasReplicas ? _set.Spec.Replicas : 1;

    /// <summary>Pods with numbers that shall have none, the highest first.</summary>
    public IEnumerable<Pod> Condemned => _all.Where(one => one.Ordinal < First || one.Ordinal >= First + Wanted).Reverse().Select(one => one.Pod);

    /// <summary>The first pod that is not well, or null: a set that is held up by it may still delete it.</summary>
    public Pod? FirstUnhealthy => Ordinals.Select(this.Find).OfType<Pod>().Concat(Condemned.Reverse()).FirstOrDefault(pod => !IsHealthy(pod));

    public Pod? Find(int ordinal) => _all.Find(one => one.Ordinal == ordinal).Pod;

    public static bool IsHealthy(Pod pod) => pod.Status?.Phase == "Running" && pod.IsReady() && !pod.IsTerminating();

    /// <summary>Ready for as long as the set asks, so that the next one may follow.</summary>
    public bool IsAvailable(Pod pod) => IsHealthy(pod) && Availability.IsAvailable(pod, _set.Spec.MinReadySeconds, _now);

    /// <summary>The counts of the pods; the revisions are taken from the old status.</summary>
    public StatefulSetStatus Count(StatefulSetStatus old, string current, string update)
    {
        var pods = _all.ConvertAll(one => one.Pod);
        var status = new StatefulSetStatus
        {
            ObservedGeneration = _set.Metadata.Generation,
            Replicas = pods.Count,
            ReadyReplicas = pods.Count(pod => pod.Status?.Phase == "Running" && pod.IsReady()),
            AvailableReplicas = pods.Count(IsAvailable),
            CurrentReplicas = pods.Count(pod => !pod.IsTerminating() && RevisionLabel.Of(pod) == current),
            UpdatedReplicas = pods.Count(pod => !pod.IsTerminating() && RevisionLabel.Of(pod) == update),
            CurrentRevision = current,
            UpdateRevision = update,
            CollisionCount = old.CollisionCount,
            Conditions = { old.Conditions },
        };
        // The update is done: what was new is what there is.
        if (_set.Spec.UpdateStrategy?.Type != "OnDelete" && status.UpdatedReplicas == status.Replicas && status.ReadyReplicas == status.Replicas
            && status.Replicas == Wanted)
        {
            status.CurrentRevision = update;
            status.CurrentReplicas = status.UpdatedReplicas;
        }

        return status;
    }
}

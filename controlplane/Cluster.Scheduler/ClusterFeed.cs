using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Queue;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler;

/// <summary>Brings what the informers tell into the cache of nodes and the queue of pods. Called from the informers' loops.</summary>
internal sealed class ClusterFeed(ClusterCache cache, SchedulingQueue queue, IReadOnlySet<string> schedulerNames)
{
    // The loop of the pods' informer alone uses it.
    private readonly SharedParts _parts = new();

    public void OnPod(Pod? old, Pod? current)
    {
        if (current is null || current.IsTerminal())
            Gone(old, current);
        else if (current.IsScheduled())
            Placed(old, current);
        else
            Waiting(old, current);
    }

    public void OnNode(Node? old, Node? current)
    {
        if (current is null)
        {
            cache.RemoveNode(old!.Metadata.Name);
            return;
        }

        cache.SetNode(current);
        var events = old is null ? ClusterEvents.NodeAdded : NodeChanges.Between(old, current);
        if (events != ClusterEvents.None)
            queue.Wake(events);
    }

    private void Gone(Pod? old, Pod? current)
    {
        var key = ObjectKey.Of((current ?? old)!);
        queue.Remove(key);
        cache.RemovePod(key);
        if ((old ?? current)!.IsScheduled())
            queue.Wake(ClusterEvents.PodGone);
    }

    private void Placed(Pod? old, Pod pod)
    {
        queue.Remove(ObjectKey.Of(pod));
        if (old is not null && old.IsScheduled() && !IsOfInterest(old, pod))
            return;
        cache.SetPod(new PodFacts(pod, _parts));
        queue.Wake(ClusterEvents.PodPlaced);
    }

    private void Waiting(Pod? old, Pod pod)
    {
        var facts = new PendingPod(pod);
        if (pod.IsTerminating() || facts.Spec.SchedulingGates.Count > 0 || !IsOurs(facts.Spec))
            queue.Remove(facts.Key);
        else if (!cache.IsAssumed(facts)) // else an older version of a pod that we have bound already
            queue.Set(facts, old is not null && IsOfInterest(old, pod));
    }

    private bool IsOurs(PodSpec spec) => schedulerNames.Contains(NameOf(spec));

    /// <summary>The scheduler a pod asks for.</summary>
    public static string NameOf(PodSpec spec) => spec.SchedulerName.Length > 0 ? spec.SchedulerName : DefaultProfile.SchedulerName;

    // The status of a pod changes all the time and matters to no plug-in.
    private static bool IsOfInterest(Pod old, Pod current) =>
        old.IsTerminating() != current.IsTerminating() || !old.Metadata.Labels.Equals(current.Metadata.Labels) || !Equals(old.Spec, current.Spec);
}

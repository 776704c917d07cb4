using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.History;

namespace Cluster.Controllers.StatefulSets;

/// <summary>What a stateful set does next: the numbers to make a pod for and the pods to delete.</summary>
/// <remarks>
/// In order (the default) that is one number at a time: up from the lowest, each waiting for those before it, down from the highest, and
/// updates from the highest down. In parallel only updates go one at a time.
/// </remarks>
internal sealed class StatefulStep
{
    public List<int> Create { get; } = [];

    public List<Pod> Delete { get; } = [];

    public static StatefulStep Of(StatefulSet set, StatefulPods pods, string update)
    {
        var step = new StatefulStep();
        var isOrdered = set.Spec.PodManagementPolicy != "Parallel";
        if (step.Fill(pods, isOrdered) && step.Shrink(pods, isOrdered) && step.Create.Count + step.Delete.Count == 0)
        {
            step.Update(set, pods, update);
        }

        return step;
    }

    // False: nothing more now.
    private bool Fill(StatefulPods pods, bool isOrdered)
    {
        foreach (var ordinal in pods.Ordinals)
        {
            var pod = pods.Find(ordinal);
            if (pod is null)
            {
                Create.Add(ordinal);
            }
            else if (pod.IsTerminal() && !pod.IsTerminating())
            {
                // The name is free when it is gone.
                Delete.Add(pod);
            }
            else if (pods.IsAvailable(pod))
            {
                continue;
            }

            if (isOrdered)
            {
                return false;
            }
        }

        return true;
    }

    private bool Shrink(StatefulPods pods, bool isOrdered)
    {
        foreach (var pod in pods.Condemned)
        {
            var mustWait = pod.IsTerminating() || (isOrdered && !StatefulPods.IsHealthy(pod) && !ReferenceEquals(pod, pods.FirstUnhealthy));
            if (!mustWait)
            {
                Delete.Add(pod);
            }

            if (isOrdered)
            {
                return false;
            }
        }

        return true;
    }

    private void Update(StatefulSet set, StatefulPods pods, string update)
    {
        if (set.Spec.UpdateStrategy?.Type == "OnDelete")
        {
            return;
        }

        foreach (var ordinal in pods.Ordinals.Reverse().Where(ordinal => ordinal >= Partition(set)))
        {
            if (pods.Find(ordinal) is not { } pod)
            {
                return;
            }

            if (RevisionLabel.Of(pod) != update && !pod.IsTerminating())
            {
                Delete.Add(pod);
                return;
            }

            if (!pods.IsAvailable(pod))
            {
                return;
            }
        }
    }

    /// <summary>Numbers below it keep the revision they have.</summary>
    public static int Partition(StatefulSet set) => set.Spec.UpdateStrategy?.RollingUpdate?.Partition ?? 0;
}

using System.Collections.Concurrent;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Containers;
using Cluster.Kubelet.Volumes;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.PodWorkers;

/// <summary>
/// The workers of all pods of this node, one each, by uid. Fed by the pod informer; housekeeping ends what belongs to no
/// pod.
/// </summary>
internal sealed class PodWorkerSet(NodeContext node, CancellationToken stop)
{
    private readonly ConcurrentDictionary<string, (PodWorker Worker, Task Running)> workers = new();
    private readonly Lock admission = new();
    private readonly HashSet<string> admitted = [];

    /// <summary>Pods as this node knows them, with the status it computed.</summary>
    public IEnumerable<Pod> Pods => workers.Values.Where(entry => !entry.Worker.IsFinished).Select(entry => WithStatus(entry.Worker));

    public Pod? Find(string ns, string name) => Pods.FirstOrDefault(pod => pod.Metadata.Namespace == ns && pod.Metadata.Name == name);

    /// <summary>Informer handler: queues only.</summary>
    public void OnPod(Pod? before, Pod? after)
    {
        if (after is null)
        {
            Forget(before!);
            return;
        }

        // Deleted and made anew between two looks of the watch.
        if (before is not null && before.Metadata.Uid != after.Metadata.Uid) Forget(before);
        if (workers.TryGetValue(after.Metadata.Uid, out var known)) known.Worker.Update(after);
        else Start(new PodTarget(after, IsRemoved: false));
    }

    public void Wake(string uid)
    {
        if (workers.TryGetValue(uid, out var known)) known.Worker.Wake();
    }

    /// <summary>Ends containers and directories whose pod is unknown. Only after the first list of pods.</summary>
    public void EndOrphans(IReadOnlySet<string> known)
    {
        foreach (var (uid, entry) in workers)
        {
            if (entry.Running.IsCompleted && removed.ContainsKey(uid) && workers.TryRemove(uid, out _)) removed.TryRemove(uid, out _);
        }

        foreach (
            var uid in node.Observer.PodUids.Concat(DirectoryUids()).Distinct().Where(
                uid => uid.Length > 0 && !known.Contains(uid) && !workers.ContainsKey(uid)))
        {
            node.Logger.LogInformation("Ending what is left of pod {Uid}, which is no longer known", uid);
            removed[uid] = true;
            Start(new PodTarget(FromLabels(uid), IsRemoved: true));
        }
    }

    /// <summary>Waits until all workers have stopped; containers go on running.</summary>
    public Task WaitAsync() => Task.WhenAll(workers.Values.Select(entry => entry.Running));

    // Uids whose pod is gone from the API: their workers leave the set once they finished.
    private readonly ConcurrentDictionary<string, bool> removed = new();

    private void Start(PodTarget target)
    {
        var worker = new PodWorker(node, target, Admit);
        workers[target.Pod.Metadata.Uid] = (worker, Task.Run(() => RunAsync(worker), CancellationToken.None));
    }

    private async Task RunAsync(PodWorker worker)
    {
        await using (worker) await worker.RunAsync(stop);
    }

    private void Forget(Pod pod)
    {
        var uid = pod.Metadata.Uid;
        removed[uid] = true;
        lock (admission) admitted.Remove(uid);
        if (workers.TryGetValue(uid, out var known)) known.Worker.Remove(pod);
    }

    /// <summary>One decision at a time: two pods that fit only alone must not both get in.</summary>
    private (string Reason, string Message)? Admit(Pod pod)
    {
        lock (admission)
        {
            var others = workers.Values.Select(entry => entry.Worker)
                .Where(
                    other =>
                        other.Uid != pod.Metadata.Uid && !other.IsFinished && !IsTerminal(other)
                            && (admitted.Contains(other.Uid) || node.Observer.Get(other.Uid).Count > 0))
                .Select(other => other.Pod).ToList();
            var refused = PodAdmission.Check(pod, others, node.Host, node.Options.MaxPods);
            if (refused is null) admitted.Add(pod.Metadata.Uid);
            return refused;
        }
    }

    private static bool IsTerminal(PodWorker worker) => worker.Status?.Phase is "Succeeded" or "Failed";

    private IEnumerable<string> DirectoryUids()
    {
        var path = PodDirectory.PodsPath(node.Options.RootDirectory);
        return Directory.Exists(path) ? Directory.EnumerateDirectories(path).Select(directory => Path.GetFileName(directory)!) : [];
    }

    private Pod FromLabels(string uid)
    {
        var row = node.Observer.Get(uid) is [var first, ..] ? first : null;
        var pod = new Pod
        {
            Metadata = new ObjectMeta { Uid = uid, Name = row?.PodName ?? uid, Namespace = row?.PodNamespace ?? "" },
            Spec = new PodSpec(),
            Status = new PodStatus(),
        };
        if (long.TryParse(row?.Label(ContainerLabels.TerminationGracePeriod), out var grace))
            pod.Spec.TerminationGracePeriodSeconds = grace;
        return pod;
    }

    private static Pod WithStatus(PodWorker worker)
    {
        var pod = worker.Pod.Clone();
        pod.Status = worker.Status?.Clone();
        return pod;
    }
}

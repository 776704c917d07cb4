using System.Runtime.ExceptionServices;
using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Cluster.Controllers.GarbageCollection;
using Cluster.Controllers.Replication;

namespace Cluster.Controllers.Jobs;

/// <summary>Holds the pods of jobs by the finalizer of <see cref="PodAccounts"/>, and lets go of them.</summary>
internal sealed class PodTracking(IApiClient client)
{
    // No name begins with it.
    private const string PodPrefix = "pod/";

    /// <summary>Writes at once: a job may have ten thousand pods, and all controllers share what the server grants their user.</summary>
    private const int ParallelWrites = 32;

    public static Pod Make(Job job)
    {
        var pod = PodMaker.FromTemplate(job.Spec.Template, job);
        if (!PodAccounts.IsTracked(pod))
        {
            pod.Metadata.Finalizers.Add(PodAccounts.Finalizer);
        }

        return pod;
    }

    /// <summary>The key in the jobs' queue of a pod that may have lost its job.</summary>
    public static ObjectKey KeyOf(Pod pod) => new(pod.Metadata.Namespace, PodPrefix + pod.Metadata.Name);

    /// <summary>Whether a key is one of <see cref="KeyOf"/>, and of which pod.</summary>
    public static bool IsPod(ObjectKey key, out ObjectKey pod)
    {
        var isPod = key.Name.StartsWith(PodPrefix, StringComparison.Ordinal);
        pod = isPod ? key with { Name = key.Name[PodPrefix.Length..] } : default;
        return isPod;
    }

    public static bool HasJob(Pod pod, Informer<Job> jobs) => OwnerOf(pod) is { } owner && jobs.Get(pod.Metadata.Namespace, owner.Name)?.Metadata.Uid == owner.Uid;

    /// <summary>The pods, those that run on held from now on: adopted ones, and those that were made by an earlier program.</summary>
    public async Task<IReadOnlyList<Pod>> TrackAsync(IReadOnlyList<Pod> pods, CancellationToken cancellationToken) =>
        await EachAsync(pods, (pod, stop) => pod.IsActive() && !PodAccounts.IsTracked(pod) ? HoldAsync(pod, stop) : Task.FromResult(pod), cancellationToken);

    /// <summary>Lets go of pods that are held.</summary>
    /// <returns>Those that are not held now; the others have changed meanwhile, which is news and leads here again.</returns>
    public async Task<IReadOnlyList<Pod>> LetGoAsync(IEnumerable<Pod> pods, CancellationToken cancellationToken)
    {
        var all = pods.ToList();
        var gone = await EachAsync(all, LetGoAsync, cancellationToken);
        return [.. all.Where((_, i) => gone[i])];
    }

    /// <summary>Lets go of a pod whose job is gone, or that is no longer a job's.</summary>
    public async Task LetGoOfOrphanAsync(Pod? pod, Informer<Job> jobs, CancellationToken cancellationToken)
    {
        if (pod is null || !PodAccounts.IsTracked(pod) || HasJob(pod, jobs) || await HasLiveJobAsync(pod, cancellationToken))
        {
            return;
        }

        await LetGoAsync(pod, cancellationToken);
    }

    // All are tried, and the first failure is thrown in the end: a pod that fails each time must not keep those behind it held.
    private static async Task<TResult[]> EachAsync<TResult>(IReadOnlyList<Pod> pods, Func<Pod, CancellationToken, Task<TResult>> act, CancellationToken cancellationToken)
    {
        var results = new TResult[pods.Count];
        Exception? first = null;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, pods.Count),
            new ParallelOptions { MaxDegreeOfParallelism = ParallelWrites, CancellationToken = cancellationToken },
            async (index, stop) =>
            {
                try
                {
                    results[index] = await act(pods[index], stop);
                }
                catch (Exception failure) when (!stop.IsCancellationRequested)
                {
                    Interlocked.CompareExchange(ref first, failure, null);
                }
            });
        if (first is not null)
        {
            ExceptionDispatchInfo.Throw(first);
        }

        return results;
    }

    private static Api.MetaV1.OwnerReference? OwnerOf(Pod pod) => OwnerReferences.ControllerOf(pod) is { Kind: "Job" } owner ? owner : null;

    private async Task<Pod> HoldAsync(Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            return await client.PatchAsync<Pod>(
                pod.Metadata.Namespace, pod.Metadata.Name, OwnerPatches.WithFinalizer(pod, PodAccounts.Finalizer), null, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict || e.Code == 422)
        {
            // It changed, or is on its way out, where no finalizer is added.
            return pod;
        }
    }

    private async Task<bool> LetGoAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (!PodAccounts.IsTracked(pod))
        {
            return true;
        }

        try
        {
            await client.PatchAsync<Pod>(
                pod.Metadata.Namespace, pod.Metadata.Name, OwnerPatches.WithoutFinalizer(pod, PodAccounts.Finalizer), null, cancellationToken);
            return true;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return true;
        }
        catch (StatusException e) when (e.IsConflict)
        {
            return false;
        }
    }

    /// <summary>The cache may be behind.</summary>
    private async Task<bool> HasLiveJobAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (OwnerOf(pod) is not { } owner)
        {
            return false;
        }

        try
        {
            return (await client.GetAsync<Job>(pod.Metadata.Namespace, owner.Name, cancellationToken)).Metadata.Uid == owner.Uid;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return false;
        }
    }
}

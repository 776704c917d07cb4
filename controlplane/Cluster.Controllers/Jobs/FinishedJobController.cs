using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Jobs;

/// <summary>Deletes jobs, and with them their pods, some time after they ended (ttlSecondsAfterFinished).</summary>
internal sealed class FinishedJobController(ControllerContext context) : IController
{
    private Informer<Job> _jobs = null!;

    public string Name => "ttl-after-finished";

    public void Watch(ControllerWatches watches) => _jobs = watches.Own<Job>();

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_jobs.Get(key) is not { Metadata.DeletionTimestamp: null, Spec.HasTtlSecondsAfterFinished: true } job
            || JobConditions.FinishTime(job) is not { } finished)
        {
            return null;
        }

        var left = finished.AddSeconds(job.Spec.TtlSecondsAfterFinished) - context.Now;
        if (left > TimeSpan.Zero)
        {
            return left;
        }

        // The version too: a longer time given meanwhile must hold.
        var options = new DeleteOptions
        {
            PropagationPolicy = "Foreground",
            Preconditions = new() { Uid = job.Metadata.Uid, ResourceVersion = job.Metadata.ResourceVersion },
        };
        try
        {
            await context.Client.DeleteAsync<Job>(key.Namespace, key.Name, options, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted by somebody else.
        }

        return null;
    }
}

using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Deployments;

/// <summary>Stops every old pod before it starts a new one, for applications that cannot run twice.</summary>
internal sealed class Recreate(SetWriter writer, Informer<Pod> pods)
{
    public async Task StepAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        var old = rollout.ActiveOld;
        foreach (var set in old)
        {
            await writer.ScaleAsync(rollout, set, 0, cancellationToken);
        }

        if (old.Count > 0 || rollout.Old.Any(HasPods))
        {
            return;
        }

        await writer.EnsureNewAsync(rollout, create: true, cancellationToken);
        await writer.ScaleAsync(rollout, rollout.New!, rollout.Deployment.Wanted(), cancellationToken);
    }

    /// <summary>Pods that are being deleted still run: the status does not count them, the cache has them.</summary>
    private bool HasPods(ReplicaSet set) => set.Status?.Replicas > 0 || OwnerIndex.OwnedBy(pods, set).Any(pod => !pod.IsTerminal());
}

using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Deployments;

/// <summary>Writes a deployment's replica sets.</summary>
internal sealed class SetWriter(ControllerContext context, EventRecorder events)
{
    /// <summary>Finds the set of the current template, or makes it, and sees that it bears the newest revision.</summary>
    public async Task EnsureNewAsync(Rollout rollout, bool create, CancellationToken cancellationToken)
    {
        var revision = rollout.Old.Select(Revisions.Of).DefaultIfEmpty().Max() + 1;
        if (rollout.New is { } existing)
        {
            await RefreshAsync(rollout, existing, revision, cancellationToken);
        }
        else if (create)
        {
            await CreateAsync(rollout, revision, cancellationToken);
        }
        else
        {
            return;
        }

        await MarkDeploymentAsync(rollout, Revisions.Of(rollout.New!), cancellationToken);
    }

    /// <summary>Gives a set a size; false if it had it.</summary>
    public async Task<bool> ScaleAsync(Rollout rollout, ReplicaSet set, int replicas, CancellationToken cancellationToken)
    {
        var updated = set.Clone();
        var old = set.Wanted();
        if (!Revisions.MarkSize(updated, rollout.Deployment) && old == replicas)
        {
            return false;
        }

        updated.Spec.Replicas = replicas;
        rollout.Replace(await context.Client.UpdateAsync(updated, cancellationToken));
        if (old != replicas)
        {
            Scaled(rollout.Deployment, updated, up: replicas > old);
        }

        return old != replicas;
    }

    private async Task RefreshAsync(Rollout rollout, ReplicaSet existing, long revision, CancellationToken cancellationToken)
    {
        var deployment = rollout.Deployment;
        var updated = existing.Clone();
        var changed = Revisions.Mark(updated, deployment, revision);
        if (changed || updated.Spec.MinReadySeconds != deployment.Spec.MinReadySeconds)
        {
            updated.Spec.MinReadySeconds = deployment.Spec.MinReadySeconds;
            rollout.Replace(await context.Client.UpdateAsync(updated, cancellationToken));
        }

        if (deployment.ProgressDeadline() is not null && deployment.Status.Get(DeploymentConditions.Progressing) is null)
        {
            deployment.Status.Set(
                DeploymentConditions.Progressing, "True", "FoundNewReplicaSet", $"Found new replica set \"{existing.Metadata.Name}\"", context.Now);
        }
    }

    private async Task CreateAsync(Rollout rollout, long revision, CancellationToken cancellationToken)
    {
        var deployment = rollout.Deployment;
        var wanted = Make(deployment);
        wanted.Spec.Replicas = RollingUpdate.NewReplicas(rollout, 0);
        Revisions.Mark(wanted, deployment, revision);
        Revisions.MarkSize(wanted, deployment);
        try
        {
            rollout.Replace(await context.Client.CreateAsync(wanted, cancellationToken));
            if (wanted.Spec.Replicas > 0)
            {
                Scaled(deployment, wanted, up: true);
            }
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            rollout.Replace(await FindOrCollideAsync(rollout, wanted, cancellationToken));
        }
        catch (StatusException e)
        {
            await ReportAsync(rollout, wanted, e, cancellationToken);
            throw;
        }

        if (deployment.ProgressDeadline() is not null)
        {
            deployment.Status.Set(
                DeploymentConditions.Progressing, "True", "NewReplicaSetCreated", $"Created new replica set \"{wanted.Metadata.Name}\"", context.Now);
        }
    }

    /// <summary>
    /// The name is taken. If by the very set we want, our cache is only behind; if not, two templates have the same hash, and the
    /// collision count makes the next one differ.
    /// </summary>
    private async Task<ReplicaSet> FindOrCollideAsync(Rollout rollout, ReplicaSet wanted, CancellationToken cancellationToken)
    {
        var there = await context.Client.GetAsync<ReplicaSet>(wanted.Metadata.Namespace, wanted.Metadata.Name, cancellationToken);
        if (OwnerReferences.IsControlledBy(there, rollout.Deployment) && RolloutSets.FindNew(rollout.Deployment, [there]) is not null)
        {
            return there;
        }

        var collided = rollout.Seen.Clone();
        collided.Status ??= new();
        collided.Status.CollisionCount++;
        await context.Client.UpdateStatusAsync(collided, cancellationToken);
        throw new InvalidOperationException($"replica set {wanted.Metadata.Name} is another template's: the hashes collide");
    }

    private async Task ReportAsync(Rollout rollout, ReplicaSet wanted, StatusException e, CancellationToken cancellationToken)
    {
        if (NamespaceEnd.Explains(e))
        {
            return;
        }

        var message = $"Failed to create new replica set \"{wanted.Metadata.Name}\": {e.Message}";
        events.Record(rollout.Seen, "Warning", "ReplicaSetCreateError", message);
        if (rollout.Deployment.ProgressDeadline() is not null)
        {
            rollout.Deployment.Status.Set(DeploymentConditions.Progressing, "False", "ReplicaSetCreateError", message, context.Now);
            await context.Client.UpdateStatusAsync(rollout.Deployment, cancellationToken);
        }
    }

    /// <summary>The deployment shows the revision of its newest set. A patch: the spec is the user's to write. Of the status: there an annotation is no new generation.</summary>
    private async Task MarkDeploymentAsync(Rollout rollout, long revision, CancellationToken cancellationToken)
    {
        var deployment = rollout.Deployment;
        if (Revisions.Of(deployment) == revision)
        {
            return;
        }

        var annotation = $"\"{Revisions.Revision}\":\"{revision}\"";
        var patch = PatchBody.Merge("{\"metadata\":{\"annotations\":{" + annotation + "}}}");
        var written = await context.Client.PatchAsync<Deployment>(deployment.Metadata.Namespace, deployment.Metadata.Name, patch, "status", cancellationToken);

        // The version for the status write to come; not the generation, for that may belong to a spec we have not acted on.
        deployment.Metadata.ResourceVersion = written.Metadata.ResourceVersion;
        deployment.Metadata.Annotations[Revisions.Revision] = $"{revision}";
    }

    private static ReplicaSet Make(Deployment deployment)
    {
        var template = deployment.Spec.Template.Clone();
        var hash = TemplateHash.Of(JsonCodec.EncodeToBytes(template), deployment.Status.CollisionCount);
        (template.Metadata ??= new()).Labels[RolloutSets.HashLabel] = hash;
        var selector = deployment.Spec.Selector.Clone();
        selector.MatchLabels[RolloutSets.HashLabel] = hash;
        return new()
        {
            Metadata = new()
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                Namespace = deployment.Metadata.Namespace,
                Labels = { template.Metadata.Labels },
                OwnerReferences = { OwnerReferences.ToController(deployment) },
            },
            Spec = new() { MinReadySeconds = deployment.Spec.MinReadySeconds, Selector = selector, Template = template },
        };
    }

    private void Scaled(Deployment deployment, ReplicaSet set, bool up) => events.Record(
        deployment, "Normal", "ScalingReplicaSet", $"Scaled {(up ? "up" : "down")} replica set {set.Metadata.Name} to {set.Spec.Replicas}");
}

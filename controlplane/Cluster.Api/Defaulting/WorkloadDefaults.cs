using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.IntStr;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of the kinds that keep a number of pods.</summary>
internal static class WorkloadDefaults
{
    private const int RevisionHistoryLimit = 10;
    private const int ProgressDeadlineSeconds = 600;
    private const string RollingUpdate = "RollingUpdate";
    private const string RollingUpdateShare = "25%";

    /// <summary>A replication controller without a selector selects what it makes, and bears the same labels.</summary>
    public static void Apply(ReplicationController controller)
    {
        controller.Spec ??= new ReplicationControllerSpec();
        var spec = controller.Spec;
        if (!spec.HasReplicas)
        {
            spec.Replicas = 1;
        }
        PodSpecDefaults.Apply(spec.Template);
        var labels = spec.Template?.Metadata?.Labels;
        if (labels is not { Count: > 0 })
        {
            return;
        }
        if (spec.Selector.Count == 0)
        {
            spec.Selector.Add(labels);
        }
        controller.Metadata ??= new MetaV1.ObjectMeta();
        if (controller.Metadata.Labels.Count == 0)
        {
            controller.Metadata.Labels.Add(labels);
        }
    }

    public static void Apply(ReplicaSet replicaSet)
    {
        replicaSet.Spec ??= new ReplicaSetSpec();
        if (!replicaSet.Spec.HasReplicas)
        {
            replicaSet.Spec.Replicas = 1;
        }
        PodSpecDefaults.Apply(replicaSet.Spec.Template);
    }

    public static void Apply(Deployment deployment)
    {
        deployment.Spec ??= new DeploymentSpec();
        var spec = deployment.Spec;
        if (!spec.HasReplicas)
        {
            spec.Replicas = 1;
        }
        if (!spec.HasRevisionHistoryLimit)
        {
            spec.RevisionHistoryLimit = RevisionHistoryLimit;
        }
        if (!spec.HasProgressDeadlineSeconds)
        {
            spec.ProgressDeadlineSeconds = ProgressDeadlineSeconds;
        }
        spec.Strategy ??= new DeploymentStrategy();
        Apply(spec.Strategy);
        PodSpecDefaults.Apply(spec.Template);
    }

    public static void Apply(StatefulSet set)
    {
        set.Spec ??= new StatefulSetSpec();
        var spec = set.Spec;
        spec.PodManagementPolicy = spec.PodManagementPolicy.Or("OrderedReady");
        spec.UpdateStrategy ??= new StatefulSetUpdateStrategy();
        spec.UpdateStrategy.Type = spec.UpdateStrategy.Type.Or(RollingUpdate);
        if (spec.UpdateStrategy.Type == RollingUpdate)
        {
            spec.UpdateStrategy.RollingUpdate ??= new RollingUpdateStatefulSetStrategy();
            if (!spec.UpdateStrategy.RollingUpdate.HasPartition)
            {
                spec.UpdateStrategy.RollingUpdate.Partition = 0;
            }
        }
        spec.PersistentVolumeClaimRetentionPolicy ??= new StatefulSetPersistentVolumeClaimRetentionPolicy();
        var retention = spec.PersistentVolumeClaimRetentionPolicy;
        retention.WhenDeleted = retention.WhenDeleted.Or("Retain");
        retention.WhenScaled = retention.WhenScaled.Or("Retain");
        if (!spec.HasReplicas)
        {
            spec.Replicas = 1;
        }
        if (!spec.HasRevisionHistoryLimit)
        {
            spec.RevisionHistoryLimit = RevisionHistoryLimit;
        }
        PodSpecDefaults.Apply(spec.Template);
        foreach (var claim in spec.VolumeClaimTemplates)
        {
            StorageDefaults.Apply(claim);
        }
    }

    public static void Apply(DaemonSet set)
    {
        set.Spec ??= new DaemonSetSpec();
        var spec = set.Spec;
        spec.UpdateStrategy ??= new DaemonSetUpdateStrategy();
        spec.UpdateStrategy.Type = spec.UpdateStrategy.Type.Or(RollingUpdate);
        if (spec.UpdateStrategy.Type == RollingUpdate)
        {
            spec.UpdateStrategy.RollingUpdate ??= new RollingUpdateDaemonSet();
            spec.UpdateStrategy.RollingUpdate.MaxUnavailable ??= IntOrStrings.FromInt(1);
            spec.UpdateStrategy.RollingUpdate.MaxSurge ??= IntOrStrings.FromInt(0);
        }
        if (!spec.HasRevisionHistoryLimit)
        {
            spec.RevisionHistoryLimit = RevisionHistoryLimit;
        }
        PodSpecDefaults.Apply(spec.Template);
    }

    private static void Apply(DeploymentStrategy strategy)
    {
        strategy.Type = strategy.Type.Or(RollingUpdate);
        if (strategy.Type == RollingUpdate)
        {
            strategy.RollingUpdate ??= new RollingUpdateDeployment();
            strategy.RollingUpdate.MaxUnavailable ??= new IntOrString { Type = 1, StrVal = RollingUpdateShare };
            strategy.RollingUpdate.MaxSurge ??= new IntOrString { Type = 1, StrVal = RollingUpdateShare };
        }
    }
}

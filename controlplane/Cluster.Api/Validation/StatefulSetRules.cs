using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

internal sealed class StatefulSetRules : KindRules<StatefulSet>
{
    private const string Frozen =
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        + "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override IEnumerable<string> NameFormat(string name) => NameFormats.Dns1123Label(name);

    protected override void Check(StatefulSet obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new StatefulSetSpec();
        if (spec.PodManagementPolicy is not ("OrderedReady" or "Parallel"))
        {
            errors.Invalid(Spec.Child("podManagementPolicy"), spec.PodManagementPolicy, "must be 'OrderedReady' or 'Parallel'");
        }
        Strategy(spec.UpdateStrategy ?? new StatefulSetUpdateStrategy(), Spec.Child("updateStrategy"), errors);
        var retention = spec.PersistentVolumeClaimRetentionPolicy ?? new StatefulSetPersistentVolumeClaimRetentionPolicy();
        var policies = Spec.Child("persistentVolumeClaimRetentionPolicy");
        errors.OptionalOneOf(policies.Child("whenDeleted"), retention.WhenDeleted, "Retain", "Delete");
        errors.OptionalOneOf(policies.Child("whenScaled"), retention.WhenScaled, "Retain", "Delete");
        for (var i = 0; i < spec.VolumeClaimTemplates.Count; i++)
        {
            PersistentVolumeClaimRules.Claim(
                spec.VolumeClaimTemplates[i].Spec ?? new PersistentVolumeClaimSpec(), Spec.Child("volumeClaimTemplates").Index(i).Child("spec"), errors);
        }
        errors.NotNegative(Spec.Child("replicas"), spec.Replicas);
        errors.NotNegative(Spec.Child("minReadySeconds"), spec.MinReadySeconds);
        errors.NotNegative(Spec.Child("ordinals.start"), spec.Ordinals?.Start ?? 0);
        var selector = ReplicaSetRules.Selector(spec.Selector, Spec.Child("selector"), errors, "statefulset");
        PodTemplateRules.OfController(WithClaims(spec), selector, "StatefulSet", Spec.Child("template"), errors);
    }

    protected override void CheckUpdate(StatefulSet obj, StatefulSet before, FieldErrors errors)
    {
        var (now, old) = (obj.Spec?.Clone() ?? new(), before.Spec?.Clone() ?? new());
        foreach (var spec in new[] { now, old })
        {
            spec.ClearReplicas();
            spec.ClearRevisionHistoryLimit();
            (spec.Template, spec.UpdateStrategy, spec.MinReadySeconds) = (null, null, 0);
            (spec.Ordinals, spec.PersistentVolumeClaimRetentionPolicy) = (null, null);
        }
        if (!now.Equals(old))
        {
            errors.Forbidden(Spec, Frozen);
        }
    }

    protected override void CheckStatus(StatefulSet obj, StatefulSet before, FieldErrors errors)
    {
        const string moreThanAll = "cannot be greater than status.replicas";
        var (status, path) = (obj.Status ?? new StatefulSetStatus(), FieldPath.Status);
        new ReplicaCounts(status.Replicas, null, status.ReadyReplicas, status.AvailableReplicas, status.ObservedGeneration).Check(errors);
        errors.NotNegative(path.Child("currentReplicas"), status.CurrentReplicas);
        errors.NotNegative(path.Child("updatedReplicas"), status.UpdatedReplicas);
        errors.NotNegative(path.Child("collisionCount"), status.CollisionCount);
        ReplicaCounts.PartOf(status.CurrentReplicas, status.Replicas, "currentReplicas", moreThanAll, errors);
        ReplicaCounts.PartOf(status.UpdatedReplicas, status.Replicas, "updatedReplicas", moreThanAll, errors);
    }

    private static void Strategy(StatefulSetUpdateStrategy strategy, FieldPath path, FieldErrors errors)
    {
        switch (strategy.Type)
        {
            case "OnDelete" when strategy.RollingUpdate is { } rolling:
                errors.Invalid(path.Child("rollingUpdate"), rolling, "only allowed for updateStrategy 'RollingUpdate'");
                break;
            case "OnDelete":
                break;
            case "RollingUpdate":
                errors.NotNegative(path.Child("rollingUpdate").Child("partition"), strategy.RollingUpdate?.Partition ?? 0);
                break;
            default:
                errors.Invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'");
                break;
        }
    }

    /// <summary>The template as its pods will be: every claim is a volume of that name, host name and subdomain are the set's own.</summary>
    private static PodTemplateSpec WithClaims(StatefulSetSpec spec)
    {
        var template = spec.Template?.Clone() ?? new PodTemplateSpec();
        if (template.Spec is not { } pod)
        {
            return template;
        }
        (pod.Subdomain, pod.Hostname) = ("", "");
        var claimed = spec.VolumeClaimTemplates.Select(claim => claim.Metadata?.Name ?? "").ToList();
        var others = pod.Volumes.Where(volume => !claimed.Contains(volume.Name)).ToList();
        pod.Volumes.Clear();
        pod.Volumes.Add(claimed.Select(name => new Volume
        {
            Name = name, VolumeSource = new VolumeSource { PersistentVolumeClaim = new() { ClaimName = name } },
        }));
        pod.Volumes.Add(others);
        return template;
    }
}

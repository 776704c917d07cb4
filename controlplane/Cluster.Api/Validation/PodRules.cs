using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Pods: the spec is checked as in templates, and some more that only a pod must keep to.</summary>
internal sealed class PodRules : KindRules<Pod>
{
    internal const string MirrorAnnotation = "kubernetes.io/config.mirror";
    private const string AppArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";
    private const string DeletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

    private static readonly FieldPath Annotations = FieldPath.Metadata.Child("annotations");
    private static readonly FieldPath Spec = FieldPath.Spec;
    private static readonly PodSpec NoSpec = new();

    protected override void Check(Pod obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? NoSpec;
        if (obj.Metadata is { Annotations.Count: > 0 } metadata)
        {
            SpecialAnnotations(metadata.Annotations, spec, Annotations, errors);
        }
        PodSpecRules.Check(spec, isPod: true, Spec, errors);
        TrimmedImages(spec.Containers, Spec.Child("containers"), errors);
        TrimmedImages(spec.InitContainers, Spec.Child("initContainers"), errors);
        if (spec.ServiceAccountName.Length == 0)
        {
            NoTokens(spec, errors);
        }
    }

    protected override void CheckCreate(Pod obj, FieldErrors errors)
    {
        if (obj.Spec is not { } spec)
        {
            return;
        }
        if (spec.EphemeralContainers.Count > 0)
        {
            errors.Forbidden(Spec.Child("ephemeralContainers"), "cannot be set on create");
        }
        if (spec.NodeName.Length > 0 && spec.SchedulingGates.Count > 0)
        {
            errors.Forbidden(Spec.Child("nodeName"), "cannot be set until all schedulingGates have been cleared");
        }
    }

    protected override void CheckUpdate(Pod obj, Pod before, FieldErrors errors)
    {
        AnnotationsKept(obj, before, errors);
        PodUpdateRules.Check(obj.Spec ?? NoSpec, before.Spec ?? NoSpec, errors);
    }

    protected override void CheckStatus(Pod obj, Pod before, FieldErrors errors)
    {
        AnnotationsKept(obj, before, errors);
        PodStatusRules.Check(obj, before, errors);
    }

    internal static void SpecialAnnotations(IDictionary<string, string> annotations, PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (annotations.TryGetValue(MirrorAnnotation, out var mirror) && spec.NodeName.Length == 0)
        {
            errors.Invalid(path.Key(MirrorAnnotation), mirror, "must set spec.nodeName if mirror pod annotation is set");
        }
        if (annotations.TryGetValue(DeletionCostAnnotation, out var cost) && !int.TryParse(cost, out _))
        {
            errors.Invalid(path.Key(DeletionCostAnnotation), cost, "must be a 32bit integer");
        }
    }

    private static void TrimmedImages(IReadOnlyList<Container> containers, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < containers.Count; i++)
        {
            if (containers[i].Image.Trim().Length != containers[i].Image.Length)
            {
                errors.Invalid(path.Index(i).Child("image"), containers[i].Image, "must not have leading or trailing whitespace");
            }
        }
    }

    private static void NoTokens(PodSpec spec, FieldErrors errors)
    {
        for (var v = 0; v < spec.Volumes.Count; v++)
        {
            var sources = spec.Volumes[v].VolumeSource?.Projected?.Sources;
            for (var s = 0; s < sources?.Count; s++)
            {
                if (sources[s].ServiceAccountToken is not null)
                {
                    errors.Forbidden(
                        Spec.Child("volumes").Index(v).Child("projected").Child("sources").Index(s).Child("serviceAccountToken"),
                        "must not be specified when serviceAccountName is not set");
                }
            }
        }
    }

    /// <summary>Some annotations are for life: that which tells a copy of a node's own pod from a real one, and what confines a container.</summary>
    private static void AnnotationsKept(Pod obj, Pod before, FieldErrors errors)
    {
        var (now, then) = (obj.Metadata?.Annotations, before.Metadata?.Annotations);
        foreach (var key in (then?.Keys ?? []).Concat((now?.Keys ?? []).Except(then?.Keys ?? [])).Where(IsForLife))
        {
            var (value, old) = (now?.GetValueOrDefault(key), then?.GetValueOrDefault(key));
            if (value != old)
            {
                var what = key == MirrorAnnotation ? "mirror pod annotation" : "AppArmor annotations";
                errors.Forbidden(Annotations.Key(key), old is null ? $"may not add {what}" : $"may not remove or update {what}");
            }
        }
    }

    private static bool IsForLife(string key) => key == MirrorAnnotation || key.StartsWith(AppArmorPrefix, StringComparison.Ordinal);
}

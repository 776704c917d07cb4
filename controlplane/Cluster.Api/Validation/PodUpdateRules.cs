using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>The few things of a pod's spec that may change after it was made.</summary>
internal static class PodUpdateRules
{
    private const string Updatable =
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        + "`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    private static readonly FieldPath Spec = FieldPath.Spec;

    public static void Check(PodSpec spec, PodSpec before, FieldErrors errors)
    {
        if (!SameCount(spec.Containers, before.Containers, Spec.Child("containers"), errors)
            || !SameCount(spec.InitContainers, before.InitContainers, Spec.Child("initContainers"), errors)
            || !Deadline(spec, before, errors))
        {
            return;
        }
        Tolerations(spec.Tolerations, before.Tolerations, Spec.Child("tolerations"), errors);
        Gates(spec.SchedulingGates, before.SchedulingGates, Spec.Child("schedulingGates"), errors);
        if (before.SchedulingGates.Count > 0)
        {
            GatedPlacementRules.Check(spec, before, errors);
        }
        if (!spec.Equals(before))
        {
            NothingElse(spec, before, errors);
        }
    }

    private static bool SameCount(
        IReadOnlyCollection<Container> now, IReadOnlyCollection<Container> before, FieldPath path, FieldErrors errors)
    {
        if (now.Count != before.Count)
        {
            errors.Forbidden(path, "pod updates may not add or remove containers");
        }
        return now.Count == before.Count;
    }

    /// <summary>A deadline may be set, and brought nearer.</summary>
    private static bool Deadline(PodSpec spec, PodSpec before, FieldErrors errors)
    {
        var path = Spec.Child("activeDeadlineSeconds");
        if (!spec.HasActiveDeadlineSeconds)
        {
            if (before.HasActiveDeadlineSeconds)
            {
                errors.Invalid(path, null, "must not update from a positive integer to nil value");
            }
            return true;
        }
        var range = NameFormats.Range(spec.ActiveDeadlineSeconds, 0, int.MaxValue);
        if (range.Any())
        {
            errors.Invalid(path, spec.ActiveDeadlineSeconds, range);
            return false;
        }
        if (before.HasActiveDeadlineSeconds && before.ActiveDeadlineSeconds < spec.ActiveDeadlineSeconds)
        {
            errors.Invalid(path, spec.ActiveDeadlineSeconds, "must be less than or equal to previous value");
            return false;
        }
        return true;
    }

    private static void Tolerations(
        IReadOnlyCollection<Toleration> now, IReadOnlyCollection<Toleration> before, FieldPath path, FieldErrors errors)
    {
        if (before.Any(old => !now.Any(toleration => SameButSeconds(toleration, old))))
        {
            errors.Forbidden(path, "existing toleration can not be modified except its tolerationSeconds");
        }
    }

    private static bool SameButSeconds(Toleration a, Toleration b) =>
        a.Key == b.Key && a.Operator == b.Operator && a.Value == b.Value && a.Effect == b.Effect;

    private static void Gates(
        IReadOnlyList<PodSchedulingGate> now, IReadOnlyCollection<PodSchedulingGate> before, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < now.Count; i++)
        {
            if (!before.Contains(now[i]))
            {
                errors.Forbidden(path.Index(i).Child("name"), $"only deletion is allowed, but found new scheduling gate '{now[i].Name}'");
            }
        }
    }

    /// <summary>Puts the changeable fields back and compares the rest.</summary>
    private static void NothingElse(PodSpec spec, PodSpec before, FieldErrors errors)
    {
        var restored = spec.Clone();
        RestoreImages(restored.Containers, before.Containers);
        RestoreImages(restored.InitContainers, before.InitContainers);
        restored.ClearActiveDeadlineSeconds();
        if (before.HasActiveDeadlineSeconds)
        {
            restored.ActiveDeadlineSeconds = before.ActiveDeadlineSeconds;
        }
        restored.SchedulingGates.Clear();
        restored.SchedulingGates.Add(before.SchedulingGates);
        if (before.SchedulingGates.Count > 0)
        {
            GatedPlacementRules.Restore(restored, before);
        }
        restored.Tolerations.Clear();
        restored.Tolerations.Add(before.Tolerations);
        if (before is { HasTerminationGracePeriodSeconds: true, TerminationGracePeriodSeconds: < 0 }
            && restored.TerminationGracePeriodSeconds == 1)
        {
            restored.TerminationGracePeriodSeconds = before.TerminationGracePeriodSeconds;
        }
        if (!restored.Equals(before))
        {
            errors.Forbidden(Spec, $"pod updates may not change fields other than {Updatable}\nchanged: {Changed(restored, before)}");
        }
    }

    private static void RestoreImages(IReadOnlyList<Container> containers, IReadOnlyList<Container> before)
    {
        for (var i = 0; i < containers.Count; i++)
        {
            containers[i].Image = before[i].Image;
        }
    }

    private static string Changed(PodSpec spec, PodSpec before) => string.Join(
        ", ",
        PodSpec.Descriptor.Fields.InDeclarationOrder()
            .Where(field => !Equals(field.Accessor.GetValue(spec), field.Accessor.GetValue(before)))
            .Select(field => "spec." + field.JsonName));
}

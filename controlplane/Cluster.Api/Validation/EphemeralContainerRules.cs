using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Containers that are added to a running pod: they stay as they are for the pod's life.</summary>
internal static class EphemeralContainerRules
{
    private const string NotForThese = "cannot be set for an Ephemeral Container";

    private static readonly FieldPath Path = FieldPath.Spec.Child("ephemeralContainers");

    public static void Update(Pod pod, Pod before, FieldErrors errors)
    {
        var (spec, old) = (pod.Spec ?? new PodSpec(), before.Spec ?? new PodSpec());
        ObjectMetaRules.Update(pod.Metadata, before.Metadata, errors);
        if (before.Metadata.Annotations.ContainsKey(PodRules.MirrorAnnotation))
        {
            errors.Forbidden(FieldPath.Root(""), "static pods do not support ephemeral containers");
        }
        Check(spec, errors);
        var now = spec.EphemeralContainers.ToLookup(Name);
        foreach (var container in old.EphemeralContainers)
        {
            var name = GoText.Quote(Name(container));
            if (!now[Name(container)].Any())
            {
                errors.Forbidden(Path, $"existing ephemeral containers {name} may not be removed\n");
            }
            else if (!now[Name(container)].Contains(container))
            {
                errors.Forbidden(Path, $"existing ephemeral containers {name} may not be changed\n");
            }
        }
    }

    private static void Check(PodSpec spec, FieldErrors errors)
    {
        var volumes = VolumeRules.Check(spec.Volumes, FieldPath.Spec.Child("volumes"), new FieldErrors());
        var names = spec.Containers.Concat(spec.InitContainers).Select(container => container.Name).ToHashSet();
        var targets = names.ToHashSet();
        for (var i = 0; i < spec.EphemeralContainers.Count; i++)
        {
            var (container, at) = (EphemeralContainers.ToContainer(spec.EphemeralContainers[i]), Path.Index(i));
            ContainerRules.Check(container, volumes, at, errors);
            if (!names.Add(container.Name))
            {
                errors.Duplicate(at.Child("name"), container.Name);
            }
            var target = spec.EphemeralContainers[i].TargetContainerName;
            if (target.Length > 0 && !targets.Contains(target))
            {
                errors.NotFound(at.Child("targetContainerName"), target);
            }
            Refused(container, at, errors);
        }
    }

    /// <summary>Nobody restarts, probes or reserves anything for a look inside.</summary>
    private static void Refused(Container container, FieldPath path, FieldErrors errors)
    {
        (bool IsSet, string Field)[] refused =
        [
            (container.Ports.Count > 0, "ports"), (container.Resources?.CalculateSize() > 0, "resources"),
            (container.ResizePolicy.Count > 0, "resizePolicy"), (container.HasRestartPolicy, "restartPolicy"),
            (container.LivenessProbe is not null, "livenessProbe"), (container.ReadinessProbe is not null, "readinessProbe"),
            (container.StartupProbe is not null, "startupProbe"), (container.Lifecycle is not null, "lifecycle"),
        ];
        foreach (var (_, field) in refused.Where(item => item.IsSet))
        {
            errors.Forbidden(path.Child(field), NotForThese);
        }
        for (var i = 0; i < container.VolumeMounts.Count; i++)
        {
            if (container.VolumeMounts[i].SubPath.Length > 0)
            {
                errors.Forbidden(path.Child("volumeMounts").Index(i).Child("subPath"), NotForThese);
            }
        }
    }

    private static string Name(EphemeralContainer container) => container.EphemeralContainerCommon?.Name ?? "";
}

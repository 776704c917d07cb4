using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Pod templates, as objects and inside controllers.</summary>
internal sealed class PodTemplateRules : KindRules<PodTemplate>
{
    private static readonly PodSpec NoSpec = new();

    /// <summary>What pods would be made of.</summary>
    public static void Template(PodTemplateSpec template, FieldPath path, FieldErrors errors)
    {
        var spec = template.Spec ?? NoSpec;
        if (template.Metadata is { } metadata)
        {
            ObjectMetaRules.Labels(metadata.Labels, path.Child("labels"), errors);
            ObjectMetaRules.Annotations(metadata.Annotations, path.Child("annotations"), errors);
            PodRules.SpecialAnnotations(metadata.Annotations, spec, path.Child("annotations"), errors);
        }
        PodSpecRules.Check(spec, isPod: false, path.Child("spec"), errors);
        if (spec.EphemeralContainers.Count > 0)
        {
            errors.Forbidden(path.Child("spec").Child("ephemeralContainers"), "ephemeral containers not allowed in pod template");
        }
    }

    /// <summary>The template of a controller that keeps a number of pods running.</summary>
    /// <param name="template">Null is told as missing.</param>
    /// <param name="selector">What the controller counts as its own; null when the selector itself is bad.</param>
    /// <param name="owner">How messages name the controller.</param>
    /// <param name="path">Where the template stands.</param>
    /// <param name="errors">Takes what is wrong.</param>
    public static void OfController(
        PodTemplateSpec? template, Selectors.LabelSelector? selector, string owner, FieldPath path, FieldErrors errors)
    {
        if (template is null)
        {
            errors.Required(path);
            return;
        }
        var labels = template.Metadata?.Labels ?? [];
        if (selector is { IsEmpty: false } && !selector.Matches(labels))
        {
            errors.Invalid(path.Child("metadata").Child("labels"), labels, "`selector` does not match template `labels`");
        }
        Template(template, path, errors);
        var spec = template.Spec ?? NoSpec;
        if (spec.RestartPolicy != "Always")
        {
            errors.NotSupported(path.Child("spec").Child("restartPolicy"), spec.RestartPolicy, ["Always"]);
        }
        if (spec.HasActiveDeadlineSeconds)
        {
            errors.Forbidden(path.Child("spec").Child("activeDeadlineSeconds"), $"activeDeadlineSeconds in {owner} is not Supported");
        }
    }

    protected override void Check(PodTemplate obj, FieldErrors errors) =>
        Template(obj.Template ?? new PodTemplateSpec(), FieldPath.Root("template"), errors);
}

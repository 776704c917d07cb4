using Cluster.Api.StorageV1;

namespace Cluster.Api.Validation;

internal sealed class StorageClassRules : KindRules<StorageClass>
{
    private const int MaxParameters = 512;
    private const int MaxParameterBytes = 256 * 1024;

    private static readonly FieldPath Provisioner = FieldPath.Root("provisioner");
    private static readonly FieldPath Parameters = FieldPath.Root("parameters");
    private static readonly FieldPath ReclaimPolicy = FieldPath.Root("reclaimPolicy");
    private static readonly FieldPath BindingMode = FieldPath.Root("volumeBindingMode");

    protected override void Check(StorageClass obj, FieldErrors errors)
    {
        if (errors.Present(Provisioner, obj.Provisioner))
        {
            errors.Invalid(Provisioner, obj.Provisioner.ToLowerInvariant(), NameFormats.QualifiedName(obj.Provisioner.ToLowerInvariant()));
        }
        CheckParameters(obj, errors);
        errors.OptionalOneOf(ReclaimPolicy, obj.ReclaimPolicy, "Delete", "Retain");
        errors.OneOf(BindingMode, obj.VolumeBindingMode, "Immediate", "WaitForFirstConsumer");
        for (var i = 0; i < obj.AllowedTopologies.Count; i++)
        {
            Topology(obj.AllowedTopologies[i], FieldPath.Root("allowedTopologies").Index(i), errors);
        }
    }

    /// <summary>Volumes were made by what the class said: it goes on saying so.</summary>
    protected override void CheckUpdate(StorageClass obj, StorageClass before, FieldErrors errors)
    {
        if (!obj.Parameters.Equals(before.Parameters))
        {
            errors.Forbidden(Parameters, "updates to parameters are forbidden.");
        }
        if (obj.Provisioner != before.Provisioner)
        {
            errors.Forbidden(Provisioner, "updates to provisioner are forbidden.");
        }
        if (obj.ReclaimPolicy != before.ReclaimPolicy)
        {
            errors.Forbidden(ReclaimPolicy, "updates to reclaimPolicy are forbidden.");
        }
        errors.Unchanged(BindingMode, obj.VolumeBindingMode, before.VolumeBindingMode);
    }

    private static void CheckParameters(StorageClass obj, FieldErrors errors)
    {
        if (obj.Parameters.Count > MaxParameters)
        {
            errors.TooLong(Parameters, MaxParameters);
            return;
        }
        if (obj.Parameters.ContainsKey(""))
        {
            errors.Invalid(Parameters, "", "field can not be empty.");
        }
        var bytes = obj.Parameters.Sum(entry =>
            System.Text.Encoding.UTF8.GetByteCount(entry.Key) + System.Text.Encoding.UTF8.GetByteCount(entry.Value));
        if (bytes > MaxParameterBytes)
        {
            errors.TooLong(Parameters, MaxParameterBytes);
        }
    }

    private static void Topology(CoreV1.TopologySelectorTerm term, FieldPath path, FieldErrors errors)
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < term.MatchLabelExpressions.Count; i++)
        {
            var (expression, at) = (term.MatchLabelExpressions[i], path.Child("matchLabelExpressions").Index(i));
            if (expression.Values.Count == 0)
            {
                errors.Required(at.Child("values"));
            }
            errors.Format(at.Child("key"), expression.Key, NameFormats.QualifiedName);
            if (!seen.Add(expression.Key))
            {
                errors.Duplicate(at.Child("key"), expression.Key);
            }
        }
    }
}

using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

internal sealed class NamespaceRules : KindRules<Namespace>
{
    protected override IEnumerable<string> NameFormat(string name) => NameFormats.Dns1123Label(name);

    protected override void Check(Namespace obj, FieldErrors errors)
    {
        var finalizers = obj.Spec?.Finalizers;
        for (var i = 0; i < finalizers?.Count; i++)
        {
            errors.Format(FieldPath.Spec.Child("finalizers"), finalizers[i], NameFormats.QualifiedName);
            ObjectMetaRules.StandardOrQualified(finalizers[i], FieldPath.Spec.Child("finalizers"), errors);
        }
    }

    protected override void CheckStatus(Namespace obj, Namespace before, FieldErrors errors)
    {
        var phase = FieldPath.Status.Child("Phase");
        var deleted = obj.Metadata?.DeletionTimestamp is not null;
        if (!deleted && obj.Status?.Phase != "Active")
        {
            errors.Invalid(phase, obj.Status?.Phase ?? "", "may only be 'Active' if `deletionTimestamp` is empty");
        }
        if (deleted && obj.Status?.Phase != "Terminating")
        {
            errors.Invalid(phase, obj.Status?.Phase ?? "", "may only be 'Terminating' if `deletionTimestamp` is not empty");
        }
    }
}

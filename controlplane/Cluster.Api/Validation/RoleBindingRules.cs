using Cluster.Api.Defaulting;
using Cluster.Api.RbacV1;

namespace Cluster.Api.Validation;

internal sealed class RoleBindingRules : KindRules<RoleBinding>
{
    protected override IEnumerable<string> NameFormat(string name) => NameFormats.PathSegment(name);

    protected override void Check(RoleBinding obj, FieldErrors errors) =>
        Binding(obj.RoleRef, ["Role", "ClusterRole"], obj.Subjects, namespaced: true, errors);

    protected override void CheckUpdate(RoleBinding obj, RoleBinding before, FieldErrors errors) => SameRole(obj.RoleRef, before.RoleRef, errors);

    internal static void Binding(
        RoleRef? reference, string[] kinds, IReadOnlyList<Subject> subjects, bool namespaced, FieldErrors errors)
    {
        var (role, path) = (reference ?? new RoleRef(), FieldPath.Root("roleRef"));
        if (role.ApiGroup != RbacDefaults.Group)
        {
            errors.NotSupported(path.Child("apiGroup"), role.ApiGroup, [RbacDefaults.Group]);
        }
        if (!kinds.Contains(role.Kind))
        {
            errors.NotSupported(path.Child("kind"), role.Kind, kinds);
        }
        if (errors.Present(path.Child("name"), role.Name))
        {
            errors.Format(path.Child("name"), role.Name, NameFormats.PathSegment);
        }
        for (var i = 0; i < subjects.Count; i++)
        {
            Subject(subjects[i], namespaced, FieldPath.Root("subjects").Index(i), errors);
        }
    }

    /// <summary>Another role is another binding: whoever may edit the subjects may not choose what they get.</summary>
    internal static void SameRole(RoleRef? now, RoleRef? before, FieldErrors errors)
    {
        if (!Equals(now, before))
        {
            errors.Invalid(FieldPath.Root("roleRef"), now, "cannot change roleRef");
        }
    }

    private static void Subject(Subject subject, bool namespaced, FieldPath path, FieldErrors errors)
    {
        errors.Present(path.Child("name"), subject.Name);
        switch (subject.Kind)
        {
            case "ServiceAccount":
                errors.OptionalFormat(path.Child("name"), subject.Name, NameFormats.Dns1123Subdomain);
                if (subject.ApiGroup.Length > 0)
                {
                    errors.NotSupported(path.Child("apiGroup"), subject.ApiGroup, [""]);
                }
                if (!namespaced && subject.Namespace.Length == 0)
                {
                    errors.Required(path.Child("namespace"));
                }
                break;
            case "User" or "Group":
                if (subject.ApiGroup != RbacDefaults.Group)
                {
                    errors.NotSupported(path.Child("apiGroup"), subject.ApiGroup, [RbacDefaults.Group]);
                }
                break;
            default:
                errors.NotSupported(path.Child("kind"), subject.Kind, ["ServiceAccount", "User", "Group"]);
                break;
        }
    }
}

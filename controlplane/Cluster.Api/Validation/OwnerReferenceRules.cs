using Cluster.Api.MetaV1;

namespace Cluster.Api.Validation;

/// <summary>Who an object belongs to: complete references, and one controller at most.</summary>
internal static class OwnerReferenceRules
{
    public static void Check(IReadOnlyCollection<OwnerReference> owners, FieldPath path, FieldErrors errors)
    {
        string? controller = null;
        foreach (var owner in owners)
        {
            Owner(owner, path, errors);
            if (owner.Controller && controller is not null)
            {
                errors.Invalid(
                    path, owner,
                    "Only one reference can have Controller set to true. Found \"true\" in references for "
                    + $"{controller} and {owner.Kind}/{owner.Name}");
            }
            else if (owner.Controller)
            {
                controller = $"{owner.Kind}/{owner.Name}";
            }
        }
    }

    private static void Owner(OwnerReference owner, FieldPath path, FieldErrors errors)
    {
        if (owner.ApiVersion.Length == 0 || owner.ApiVersion.EndsWith('/'))
        {
            errors.Invalid(path.Child("apiVersion"), owner.ApiVersion, "version must not be empty");
        }
        NotEmpty(path, "kind", owner.Kind, errors);
        NotEmpty(path, "name", owner.Name, errors);
        NotEmpty(path, "uid", owner.Uid, errors);
        if (owner is { ApiVersion: "v1", Kind: "Event" })
        {
            errors.Invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
        }
    }

    private static void NotEmpty(FieldPath path, string field, string value, FieldErrors errors)
    {
        if (value.Length == 0)
        {
            errors.Invalid(path.Child(field), value, $"{field} must not be empty");
        }
    }
}

namespace Cluster.Api.Validation;

/// <summary>Paths that must not leave the place they start from.</summary>
internal static class PathRules
{
    /// <summary>Relative and without a parent step; empty is unset.</summary>
    public static void LocalDescending(string value, FieldPath path, FieldErrors errors)
    {
        if (value.StartsWith('/'))
        {
            errors.Invalid(path, value, "must be a relative path");
        }
        NoBacksteps(value, path, errors);
    }

    /// <summary>As above, and no name that starts like a parent step: such names are the kubelet's own.</summary>
    public static void LocalNotReserved(string value, FieldPath path, FieldErrors errors)
    {
        LocalDescending(value, path, errors);
        if (value.StartsWith("..", StringComparison.Ordinal) && !value.StartsWith("../", StringComparison.Ordinal) && value != "..")
        {
            errors.Invalid(path, value, "must not start with '..'");
        }
    }

    public static void NoBacksteps(string value, FieldPath path, FieldErrors errors)
    {
        if (value.Split('/').Contains(".."))
        {
            errors.Invalid(path, value, "must not contain '..'");
        }
    }
}

namespace Cluster.Api.Validation;

/// <summary>A name that belongs to a domain: <c>example.com/name</c>.</summary>
internal static class DomainPathRules
{
    public static void Check(string value, FieldPath path, FieldErrors errors)
    {
        if (!errors.Present(path, value))
        {
            return;
        }
        var slash = value.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == value.Length - 1)
        {
            errors.Invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            return;
        }
        errors.Invalid(path, value[..slash], NameFormats.Dns1123Subdomain(value[..slash]));
        errors.Invalid(path, value[(slash + 1)..], NameFormats.HttpPath(value[(slash + 1)..]));
    }
}

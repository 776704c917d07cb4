namespace Cluster.Api.Validation;

/// <summary>Names of signers: a domain, a slash and a path of dotted names.</summary>
internal static class SignerNameRules
{
    private const int MaxPath = NameFormats.SubdomainMaxLength + NameFormats.LabelMaxLength + 1;
    private const int MaxName = NameFormats.SubdomainMaxLength + MaxPath + 1;

    public static void Check(string name, FieldPath path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path, "signerName must be provided");
            return;
        }
        if (name == "kubernetes.io/legacy-unknown")
        {
            errors.Invalid(path, name, "the legacy signerName is not allowed via this API version");
            return;
        }
        var segments = name.Split('/');
        if (segments.Length != 2)
        {
            errors.Invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }
        Labels(segments[0], NameFormats.Dns1123Label, path, errors);
        if (!segments[0].Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid(path, segments[0], "should be a domain with at least two segments separated by dots");
        }
        Labels(segments[1], NameFormats.Dns1123Subdomain, path, errors);
        if (name.Length > MaxName)
        {
            errors.TooLong(path, MaxName);
        }
    }

    /// <summary>The first bad label is told, the others would read the same.</summary>
    private static void Labels(string segment, Func<string, IEnumerable<string>> format, FieldPath path, FieldErrors errors)
    {
        if (segment.Split('.').FirstOrDefault(label => format(label).Any()) is { } bad)
        {
            errors.Invalid(path, segment, format(bad).Select(complaint => $"validating label {GoText.Quote(bad)}: {complaint}"));
        }
    }
}

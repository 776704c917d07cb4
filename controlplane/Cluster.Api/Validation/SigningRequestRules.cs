using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cluster.Api.CertificatesV1;

namespace Cluster.Api.Validation;

internal sealed class SigningRequestRules : KindRules<CertificateSigningRequest>
{
    private const int MinSeconds = 600;

    private static readonly string[] Usages =
    [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only",
        "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
        "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
    ];

    private static readonly string[] FinalTypes = ["Approved", "Denied", "Failed"];

    private static readonly FieldPath Spec = FieldPath.Spec;
    private static readonly FieldPath Conditions = FieldPath.Status.Child("conditions");

    /// <summary>Nobody minds what a request is called.</summary>
    protected override IEnumerable<string> NameFormat(string name) => [];

    protected override void Check(CertificateSigningRequest obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new CertificateSigningRequestSpec();
        if (RequestError(spec.Request.ToByteArray()) is { } error)
        {
            errors.Invalid(Spec.Child("request"), new GoLiteral($"[]byte({spec.Request.Length} bytes)"), error);
        }
        CheckUsages(spec.Usages, errors);
        SignerNameRules.Check(spec.SignerName, Spec.Child("signerName"), errors);
        if (spec is { HasExpirationSeconds: true, ExpirationSeconds: < MinSeconds })
        {
            errors.Invalid(
                Spec.Child("expirationSeconds"), spec.ExpirationSeconds, "may not specify a duration less than 600 seconds (10 minutes)");
        }
        CheckConditions(obj.Status?.Conditions ?? [], errors);
    }

    protected override void CheckUpdate(CertificateSigningRequest obj, CertificateSigningRequest before, FieldErrors errors) =>
        NotRemoved(obj, before, errors);

    /// <summary>The signer's part: the certificate, once, and Failed. Approving is a permission of its own.</summary>
    protected override void CheckStatus(CertificateSigningRequest obj, CertificateSigningRequest before, FieldErrors errors)
    {
        Check(obj, errors);
        NotRemoved(obj, before, errors);
        foreach (var type in FinalTypes.Take(2))
        {
            var (now, then) = (Of(obj, type), Of(before, type));
            if (now.Count > then.Count)
            {
                errors.Forbidden(Conditions, $"updates may not add a condition of type {GoText.Quote(type)}");
            }
            else if (now.Count == then.Count && !now.SequenceEqual(then))
            {
                errors.Forbidden(Conditions, $"updates may not modify a condition of type {GoText.Quote(type)}");
            }
        }
        var (certificate, old) = (obj.Status?.Certificate, before.Status?.Certificate);
        if (old is { Length: > 0 } && !old.Equals(certificate))
        {
            errors.Forbidden(FieldPath.Status.Child("certificate"), "updates may not modify existing certificate content");
        }
        else if (certificate is { Length: > 0 } && CertificateError(certificate.ToByteArray()) is { } error)
        {
            errors.Invalid(FieldPath.Status.Child("certificate"), "<certificate data>", error);
        }
    }

    private static void NotRemoved(CertificateSigningRequest obj, CertificateSigningRequest before, FieldErrors errors)
    {
        foreach (var type in FinalTypes.Where(type => Of(obj, type).Count < Of(before, type).Count))
        {
            errors.Forbidden(Conditions, $"updates may not remove a condition of type {GoText.Quote(type)}");
        }
    }

    private static List<CertificateSigningRequestCondition> Of(CertificateSigningRequest request, string type) =>
        [.. (request.Status?.Conditions ?? []).Where(condition => condition.Type == type)];

    private static void CheckUsages(IReadOnlyList<string> usages, FieldErrors errors)
    {
        var path = Spec.Child("usages");
        if (usages.Count == 0)
        {
            errors.Required(path, "usages must be provided");
        }
        var seen = new HashSet<string>();
        for (var i = 0; i < usages.Count; i++)
        {
            if (!Usages.Contains(usages[i]))
            {
                errors.NotSupported(path.Index(i), usages[i], Usages);
            }
            if (!seen.Add(usages[i]))
            {
                errors.Duplicate(path.Index(i), usages[i]);
            }
        }
    }

    private static void CheckConditions(IReadOnlyList<CertificateSigningRequestCondition> conditions, FieldErrors errors)
    {
        var seen = new HashSet<string>();
        for (var i = 0; i < conditions.Count; i++)
        {
            var (condition, at) = (conditions[i], Conditions.Index(i));
            errors.Present(at.Child("type"), condition.Type);
            errors.OneOf(at.Child("status"), condition.Status, FinalTypes.Contains(condition.Type) ? ["True"] : ["False", "True", "Unknown"]);
            var opposite = condition.Type switch { "Approved" => "Denied", "Denied" => "Approved", _ => null };
            if (opposite is not null && seen.Contains(opposite))
            {
                errors.Invalid(at.Child("type"), condition.Type, "Approved and Denied conditions are mutually exclusive");
            }
            if (!seen.Add(condition.Type))
            {
                errors.Duplicate(at.Child("type"), condition.Type);
            }
        }
    }

    /// <summary>One PKCS#10 request in PEM. Whether its key has signed it is for the signer to see, who may know algorithms that we do not.</summary>
    private static string? RequestError(byte[] pem)
    {
        var text = System.Text.Encoding.ASCII.GetString(pem);
        if (!PemEncoding.TryFind(text, out var fields) || text[fields.Label] != "CERTIFICATE REQUEST")
        {
            return "PEM block type must be CERTIFICATE REQUEST";
        }
        try
        {
            CertificateRequest.LoadSigningRequestPem(
                text, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions | CertificateRequestLoadOptions.SkipSignatureValidation);
            return null;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or NotSupportedException)
        {
            return error.Message;
        }
    }

    private static string? CertificateError(byte[] pem)
    {
        var text = System.Text.Encoding.ASCII.GetString(pem);
        if (!PemEncoding.TryFind(text, out var fields))
        {
            return "must contain at least one CERTIFICATE PEM block";
        }
        var label = text[fields.Label];
        return label == "CERTIFICATE" ? null : $"only CERTIFICATE PEM blocks are allowed, found {GoText.Quote(label)}";
    }
}

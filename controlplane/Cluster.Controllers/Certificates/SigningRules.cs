using Cluster.Api.CertificatesV1;

namespace Cluster.Controllers.Certificates;

/// <summary>What each signer of Kubernetes' own signs; the texts say what is wrong with a request.</summary>
internal static class SigningRules
{
    private const string NodesGroup = "system:nodes";
    private const string NodePrefix = "system:node:";
    private const string Sign = "digital signature";
    private const string Encipher = "key encipherment";
    private const string ClientAuth = "client auth";
    private const string ServerAuth = "server auth";

    public static bool Knows(string signer) => signer is SigningNames.Client or SigningNames.KubeletClient or SigningNames.KubeletServing;

    /// <summary>Why the request's signer does not sign it; null: it does.</summary>
    public static string? WhyNot(CertificateSigningRequestSpec spec, ParsedRequest request) => spec.SignerName switch
    {
        SigningNames.Client => HasUsages(spec, Sign, Encipher, ClientAuth) ? null : "usages must be of digital signature, key encipherment and client auth",
        SigningNames.KubeletClient => WhyNotKubelet(spec, request, ClientAuth) ?? WhyNotClient(request),
        SigningNames.KubeletServing => WhyNotKubelet(spec, request, ServerAuth) ?? WhyNotServing(spec, request),
        _ => $"unknown signer {spec.SignerName}",
    };

    private static string? WhyNotKubelet(CertificateSigningRequestSpec spec, ParsedRequest request, string purpose) => request switch
    {
        { Organizations: not [NodesGroup] } => $"subject organization is not {NodesGroup}",
        _ when !request.CommonName.StartsWith(NodePrefix, StringComparison.Ordinal) => $"subject common name does not begin with {NodePrefix}",
        { HasEmails: true } => "email subjectAltNames are not allowed",
        { HasOthers: true } => "URI subjectAltNames are not allowed",
        _ when !spec.Usages.Contains(purpose) || !HasUsages(spec, Sign, Encipher, purpose) => $"usages did not match {Sign}, {Encipher}, {purpose}",
        _ => null,
    };

    private static string? WhyNotClient(ParsedRequest request) =>
        request.DnsNames.Count > 0 ? "DNS subjectAltNames are not allowed"
        : request.Addresses.Count > 0 ? "IP subjectAltNames are not allowed" : null;

    private static string? WhyNotServing(CertificateSigningRequestSpec spec, ParsedRequest request) =>
        request.DnsNames.Count + request.Addresses.Count == 0 ? "DNS or IP subjectAltName is required"
        : request.CommonName != spec.Username ? "subject common name is not the requesting node's" : null;

    private static bool HasUsages(CertificateSigningRequestSpec spec, params string[] allowed) => spec.Usages.All(allowed.Contains);
}

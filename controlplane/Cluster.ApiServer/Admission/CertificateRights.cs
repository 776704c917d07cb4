using Cluster.Api;
using Cluster.Api.CertificatesV1;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Pki;

namespace Cluster.ApiServer.Admission;

/// <summary>
/// Who approves certificate requests for a signer needs the verb <c>approve</c> on it, who signs them <c>sign</c>; and nobody asks to be in
/// <c>system:masters</c>.
/// </summary>
internal sealed class CertificateRights(IAuthorizer authorizer) : IAdmissionPlugin
{
    private const string Group = "certificates.k8s.io";
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client";
    private const string Masters = "system:masters";

    private static readonly ResourceType Requests = ResourceCatalog.For<CertificateSigningRequest>();

    public string Name => "CertificateRights";

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Scope.Resource != Requests || request.Object is not CertificateSigningRequest now)
            return;
        if (request.Operation == AdmissionOperation.Create)
            CheckSubject(request, now);
        if (request.OldObject is not CertificateSigningRequest old)
            return;
        if (request.Scope.Subresource == "approval" && !await MayAsync(request, "approve", old, cancellationToken))
            throw No(request, $"user not permitted to approve requests with signerName {GoText.Quote(old.Spec?.SignerName ?? "")}");
        if (request.Scope.Subresource == "status" && IsSigning(now, old) && !await MayAsync(request, "sign", old, cancellationToken))
            throw No(request, $"user not permitted to sign requests with signerName {GoText.Quote(old.Spec?.SignerName ?? "")}");
    }

    // A certificate, or the word that there will be none.
    private static bool IsSigning(CertificateSigningRequest now, CertificateSigningRequest old) =>
        now.Status?.Certificate != old.Status?.Certificate || Failed(now) != Failed(old);

    private static bool Failed(CertificateSigningRequest request) => request.Status?.Conditions.Any(condition => condition.Type == "Failed") ?? false;

    private static void CheckSubject(AdmissionRequest request, CertificateSigningRequest now)
    {
        if (now.Spec?.SignerName == ClientSigner && RequestSubject.Organizations(now.Spec.Request.Span).Contains(Masters))
            throw No(request, $"use of {ClientSigner} signer with {Masters} group is not allowed");
    }

    private async ValueTask<bool> MayAsync(AdmissionRequest request, string verb, CertificateSigningRequest old, CancellationToken cancellationToken)
    {
        var signer = old.Spec?.SignerName ?? "";
        var question = new AuthorizationRequest { User = request.Scope.User, Verb = verb, Group = Group, Resource = "signers", Name = signer };
        if ((await authorizer.AuthorizeAsync(question, cancellationToken)).Allowed)
            return true;
        // All signers of a domain.
        var domain = signer.Split('/')[0];
        return (await authorizer.AuthorizeAsync(question with { Name = $"{domain}/*" }, cancellationToken)).Allowed;
    }

    private static StatusException No(AdmissionRequest request, string why) =>
        StatusErrors.Forbidden(Requests, request.Scope.Name ?? request.Object!.Metadata.Name, why);
}

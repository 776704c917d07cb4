using Cluster.Api;
using Cluster.Api.CertificatesV1;

namespace Cluster.ApiServer.Admission;

/// <summary>Who approves or denies certificate requests for a signer needs the verb <c>approve</c> on it.</summary>
internal sealed class CertificateApproval(SignerRights rights) : IAdmissionPlugin
{
    private static readonly ResourceType Requests = ResourceCatalog.For<CertificateSigningRequest>();

    public string Name => "CertificateApproval";

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Scope.Resource == Requests && request.Scope.Subresource == "approval" && request.OldObject is CertificateSigningRequest old
            && !await rights.MayAsync(request, "approve", old, cancellationToken))
        {
            throw StatusErrors.Forbidden(
                Requests, request.Scope.Name!, $"user not permitted to approve requests with signerName {GoText.Quote(old.Spec?.SignerName ?? "")}");
        }
    }
}

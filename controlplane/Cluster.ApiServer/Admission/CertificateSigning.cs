using Cluster.Api;
using Cluster.Api.CertificatesV1;

namespace Cluster.ApiServer.Admission;

/// <summary>Who signs certificate requests for a signer, or says that there will be no certificate, needs the verb <c>sign</c> on it.</summary>
internal sealed class CertificateSigning(SignerRights rights) : IAdmissionPlugin
{
    private static readonly ResourceType Requests = ResourceCatalog.For<CertificateSigningRequest>();

    public string Name => "CertificateSigning";

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Scope.Resource == Requests && request.Scope.Subresource == "status"
            && request is { Object: CertificateSigningRequest now, OldObject: CertificateSigningRequest old }
            && IsSigning(now, old) && !await rights.MayAsync(request, "sign", old, cancellationToken))
        {
            throw StatusErrors.Forbidden(
                Requests, request.Scope.Name!, $"user not permitted to sign requests with signerName {GoText.Quote(old.Spec?.SignerName ?? "")}");
        }
    }

    private static bool IsSigning(CertificateSigningRequest now, CertificateSigningRequest old) =>
        now.Status?.Certificate != old.Status?.Certificate || !Conditions(now).SequenceEqual(Conditions(old));

    private static IEnumerable<CertificateSigningRequestCondition> Conditions(CertificateSigningRequest request) => request.Status?.Conditions ?? [];
}

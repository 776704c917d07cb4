using Cluster.Api;
using Cluster.Api.CertificatesV1;
using Cluster.ApiServer.Pki;

namespace Cluster.ApiServer.Admission;

/// <summary>Nobody asks for a client certificate of <c>system:masters</c>.</summary>
internal sealed class CertificateSubjectRestriction : IAdmissionPlugin
{
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client";
    private const string Masters = "system:masters";

    private static readonly ResourceType Requests = ResourceCatalog.For<CertificateSigningRequest>();

    public string Name => "CertificateSubjectRestriction";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == AdmissionOperation.Create && request.Scope.Resource == Requests
            && request.Object is CertificateSigningRequest { Spec: { SignerName: ClientSigner } spec } now
            && RequestSubject.Organizations(spec.Request.Span).Contains(Masters))
            throw StatusErrors.Forbidden(Requests, now.Metadata.Name, $"use of {ClientSigner} signer with {Masters} group is not allowed");
        return ValueTask.CompletedTask;
    }
}

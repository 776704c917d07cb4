using Cluster.Api.CertificatesV1;
using Cluster.ApiServer.Authorization;

namespace Cluster.ApiServer.Admission;

/// <summary>Whether somebody may do something in the name of a certificate request's signer, or of all signers of its domain.</summary>
internal sealed class SignerRights(IAuthorizer authorizer)
{
    private const string Group = "certificates.k8s.io";

    public async ValueTask<bool> MayAsync(AdmissionRequest request, string verb, CertificateSigningRequest old, CancellationToken cancellationToken)
    {
        var signer = old.Spec?.SignerName ?? "";
        var question = new AuthorizationRequest { User = request.Scope.User, Verb = verb, Group = Group, Resource = "signers", Name = signer };
        if ((await authorizer.AuthorizeAsync(question, cancellationToken)).Allowed)
            return true;
        var domain = signer.Split('/')[0];
        return (await authorizer.AuthorizeAsync(question with { Name = $"{domain}/*" }, cancellationToken)).Allowed;
    }
}

using System.Security.Cryptography;
using Cluster.Api.AuthorizationV1;
using Cluster.Api.CertificatesV1;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Microsoft.Extensions.Logging;
using Review = Cluster.Api.AuthorizationV1.SubjectAccessReview;

namespace Cluster.Controllers.Certificates;

/// <summary>
/// Approves requests of kubelets for their client certificates, where who asks may <c>create</c>
/// <c>certificatesigningrequests/nodeclient</c>, or <c>/selfnodeclient</c> for the node they already are.
/// </summary>
internal sealed class CsrApprovingController(ControllerContext context) : IController
{
    private readonly ILogger _logger = context.Logs.CreateLogger<CsrApprovingController>();
    private Informer<CertificateSigningRequest> _requests = null!;

    public string Name => "csrapproving";

    public void Watch(ControllerWatches watches) => _requests = watches.Own<CertificateSigningRequest>();

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_requests.Get(key) is not { Spec.SignerName: SigningNames.KubeletClient } request || request.Status is { Conditions.Count: > 0 }
            || Conditions.HasCertificate(request) || Parse(request) is not { } parsed || SigningRules.WhyNot(request.Spec, parsed) is not null)
            return null;
        if (request.Spec.Username == parsed.CommonName && await MayAsync(request.Spec, "selfnodeclient", cancellationToken))
            await ApproveAsync(request, "Auto approving self kubelet client certificate after SubjectAccessReview.", cancellationToken);
        else if (await MayAsync(request.Spec, "nodeclient", cancellationToken))
            await ApproveAsync(request, "Auto approving kubelet client certificate after SubjectAccessReview.", cancellationToken);
        else
            _logger.LogInformation("The request {Name} of {User} for a kubelet's certificate waits for a person to approve it", key.Name, request.Spec.Username);
        return null;
    }

    private static ParsedRequest? Parse(CertificateSigningRequest request)
    {
        try
        {
            return ParsedRequest.Parse(request.Spec.Request.Span);
        }
        catch (CryptographicException)
        {
            // It is no kubelet's request; whoever approves it hears from the signer what is wrong.
            return null;
        }
    }

    private async Task<bool> MayAsync(CertificateSigningRequestSpec spec, string subresource, CancellationToken cancellationToken)
    {
        var review = new Review
        {
            Metadata = new(),
            Spec = new SubjectAccessReviewSpec
            {
                User = spec.Username,
                Uid = spec.Uid,
                Groups = { spec.Groups },
                ResourceAttributes = new ResourceAttributes
                {
                    Group = "certificates.k8s.io", Resource = "certificatesigningrequests", Verb = "create", Subresource = subresource, Version = "*",
                },
            },
        };
        foreach (var (name, values) in spec.Extra)
            review.Spec.Extra[name] = new Api.AuthorizationV1.ExtraValue { Items = { values.Items } };
        return (await context.Client.CreateAsync(review, cancellationToken)).Status is { Allowed: true };
    }

    private Task ApproveAsync(CertificateSigningRequest request, string message, CancellationToken cancellationToken)
    {
        var approved = request.Clone();
        Conditions.Add(approved, Conditions.Approved, "AutoApproved", message);
        return context.Client.UpdateSubresourceAsync(approved, "approval", cancellationToken);
    }
}

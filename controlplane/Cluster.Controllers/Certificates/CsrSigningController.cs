using System.Security.Cryptography;
using System.Text;
using Cluster.Api.CertificatesV1;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Google.Protobuf;

namespace Cluster.Controllers.Certificates;

/// <summary>Signs what was approved for one of Kubernetes' own signers. Without an authority's key it signs nothing.</summary>
internal sealed class CsrSigningController(ControllerContext context) : IController
{
    /// <summary>The shortest life a request may ask for.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(10);

    private readonly Lazy<CertificateSigner?> _signer = new(() => context.Options is { SigningCertificateFile: { } certificate, SigningKeyFile: { } key }
        ? CertificateSigner.Load(certificate, key)
        : null);

    private Informer<CertificateSigningRequest> _requests = null!;

    public string Name => "csrsigning";

    public void Watch(ControllerWatches watches) => _requests = watches.Own<CertificateSigningRequest>();

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_requests.Get(key) is not { } request || !IsDue(request) || _signer.Value is not { } signer)
            return null;
        var result = request.Clone();
        try
        {
            var parsed = ParsedRequest.Parse(request.Spec.Request.Span);
            if (SigningRules.WhyNot(request.Spec, parsed) is { } wrong)
                Conditions.Add(result, Conditions.Failed, "SignerValidationFailed", wrong);
            else
                result.Status.Certificate = ByteString.CopyFrom(signer.Sign(parsed, request.Spec.Usages, Lifetime(request.Spec), context.Now), Encoding.ASCII);
        }
        catch (CryptographicException e)
        {
            Conditions.Add(result, Conditions.Failed, "SignerValidationFailed", $"unable to parse csr {key.Name}: {e.Message}");
        }

        await context.Client.UpdateStatusAsync(result, cancellationToken);
        return null;
    }

    private static bool IsDue(CertificateSigningRequest request) =>
        request.Spec is { } spec && SigningRules.Knows(spec.SignerName) && !Conditions.HasCertificate(request)
        && Conditions.Find(request, Conditions.Approved) is not null && Conditions.Find(request, Conditions.Denied) is null
        && Conditions.Find(request, Conditions.Failed) is null;

    private TimeSpan Lifetime(CertificateSigningRequestSpec spec)
    {
        if (!spec.HasExpirationSeconds)
            return context.Options.SigningDuration;
        var wanted = TimeSpan.FromSeconds(spec.ExpirationSeconds);
        return wanted > context.Options.SigningDuration ? context.Options.SigningDuration : wanted < Shortest ? Shortest : wanted;
    }
}

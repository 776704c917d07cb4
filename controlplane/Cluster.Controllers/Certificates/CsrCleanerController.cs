using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cluster.Api;
using Cluster.Api.CertificatesV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Certificates;

/// <summary>Deletes requests nobody needs any more: judged an hour ago, waiting for a day, or their certificate at its end.</summary>
internal sealed class CsrCleanerController(ControllerContext context) : IController
{
    private static readonly TimeSpan Judged = TimeSpan.FromHours(1);
    private static readonly TimeSpan Pending = TimeSpan.FromHours(24);

    private Informer<CertificateSigningRequest> _requests = null!;

    public string Name => "csrcleaner";

    public void Watch(ControllerWatches watches) => _requests = watches.Own<CertificateSigningRequest>();

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_requests.Get(key) is not { } request)
            return null;
        var left = End(request) - context.Now;
        if (left > TimeSpan.Zero)
            return left;
        try
        {
            await context.Client.DeleteAsync<CertificateSigningRequest>(
                null, key.Name, new() { Preconditions = new() { Uid = request.Metadata.Uid } }, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone, or made anew.
        }

        return null;
    }

    private static DateTimeOffset End(CertificateSigningRequest request)
    {
        var judgements = (request.Status?.Conditions ?? []).Where(condition => condition.LastUpdateTime is not null)
            .Select(condition => condition.LastUpdateTime.ToDateTimeOffset()).ToList();
        var made = request.Metadata.CreationTimestamp?.ToDateTimeOffset() ?? DateTimeOffset.MaxValue - Pending;
        var end = judgements.Count > 0 ? judgements.Max() + Judged : made + Pending;
        return Expiry(request) is { } expiry && expiry < end ? expiry : end;
    }

    private static DateTimeOffset? Expiry(CertificateSigningRequest request)
    {
        if (!Conditions.HasCertificate(request))
            return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(request.Status.Certificate.Span));
            return certificate.NotAfter.ToUniversalTime();
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}

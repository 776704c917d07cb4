using Cluster.Api;
using Cluster.Api.CertificatesV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer.Strategies;

/// <summary>A request says who asks, and the server says it: what it holds never changes, only what becomes of it.</summary>
internal sealed class SigningRequestStrategy(ResourceType type, TimeProvider time) : ResourceStrategy(type)
{
    /// <summary>Who asks is no wish of his: it stands in the request as authentication found it.</summary>
    public override void PrepareForCreate(IApiObject obj, UserIdentity user)
    {
        base.PrepareForCreate(obj, user);
        var request = (CertificateSigningRequest)obj;
        var spec = request.Spec ??= new CertificateSigningRequestSpec();
        (spec.Username, spec.Uid) = (user.Name, user.Uid);
        spec.Groups.Clear();
        spec.Groups.Add(user.Groups);
        spec.Extra.Clear();
        foreach (var (key, values) in user.Extra)
            spec.Extra[key] = new ExtraValue { Items = { values } };
        request.Status = new CertificateSigningRequestStatus();
    }

    public override void PrepareForUpdate(IApiObject obj, IApiObject old)
    {
        base.PrepareForUpdate(obj, old);
        ((CertificateSigningRequest)obj).Spec = ((CertificateSigningRequest)old).Spec?.Clone();
    }

    public override void PrepareForStatusUpdate(IApiObject obj, IApiObject old)
    {
        base.PrepareForStatusUpdate(obj, old);
        Stamp((CertificateSigningRequest)obj, (CertificateSigningRequest)old);
    }

    /// <summary>The approval: the verdict alone, for the certificate is the signer's.</summary>
    public override void PrepareForPart(string subresource, IApiObject obj, IApiObject old)
    {
        var (request, before) = ((CertificateSigningRequest)obj, (CertificateSigningRequest)old);
        request.Spec = before.Spec?.Clone();
        request.Status ??= new CertificateSigningRequestStatus();
        request.Status.Certificate = before.Status?.Certificate ?? Google.Protobuf.ByteString.Empty;
        Stamp(request, before);
    }

    // When a judgement was made, and when its status last became another, is the server's to say where the writer does not.
    private void Stamp(CertificateSigningRequest request, CertificateSigningRequest before)
    {
        foreach (var condition in request.Status?.Conditions ?? [])
        {
            condition.LastUpdateTime ??= SystemMetadata.Now(time);
            if (condition.LastTransitionTime is not null)
                continue;

            var old = before.Status?.Conditions.FirstOrDefault(other => other.Type == condition.Type);
            condition.LastTransitionTime = old?.Status == condition.Status ? old.LastTransitionTime?.Clone() : SystemMetadata.Now(time);
        }
    }
}

using Cluster.Api.CertificatesV1;

namespace Cluster.Controllers.Certificates;

/// <summary>What has become of a request.</summary>
internal static class Conditions
{
    public const string Approved = "Approved";

    public const string Denied = "Denied";

    public const string Failed = "Failed";

    public static CertificateSigningRequestCondition? Find(CertificateSigningRequest request, string type) =>
        request.Status?.Conditions.FirstOrDefault(condition => condition.Type == type);

    public static bool HasCertificate(CertificateSigningRequest request) => request.Status is { Certificate.IsEmpty: false };

    public static void Add(CertificateSigningRequest request, string type, string reason, string message)
    {
        request.Status ??= new CertificateSigningRequestStatus();
        request.Status.Conditions.Add(new CertificateSigningRequestCondition { Type = type, Status = "True", Reason = reason, Message = message });
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Cluster.ApiServer.Tests.Kinds;

/// <summary>Certificate requests with a real PKCS#10 inside.</summary>
internal static class SigningRequest
{
    public static string Pem { get; } = Make();

    public static string Manifest(string name) => $$$"""
        {"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"{{{name}}}"},
         "spec":{"request":"{{{Convert.ToBase64String(Encoding.ASCII.GetBytes(Pem))}}}","signerName":"example.com/signer","usages":["client auth"]}}
        """;

    private static string Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=ann", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
    }
}

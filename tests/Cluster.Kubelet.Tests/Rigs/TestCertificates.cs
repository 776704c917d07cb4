using System.Security.Cryptography.X509Certificates;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Rigs;

/// <summary>A kubelet's files, of an authority of the test's own, and clients of any group.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly TempDirectory directory = new();
    private readonly TestAuthority authority = new();

    public TestCertificates()
    {
        authority.WriteTo(directory);
        authority.WriteTo(directory, "kubelet", "CN=system:node:test, O=system:nodes");
    }

    public KubeletCertificates Files => new(directory.File("kubelet.crt"), directory.File("kubelet.key"), directory.File("ca.crt"));

    /// <summary>A certificate with its key, signed by this authority.</summary>
    public X509Certificate2 Issue(string subject) => authority.Issue(subject);

    public void Dispose()
    {
        authority.Dispose();
        directory.Dispose();
    }
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cluster.ApiServer.Pki;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Pki;

public sealed class ClusterPkiTests : IDisposable
{
    private readonly TempDirectory _data = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));

    private PkiOptions Options => new()
    {
        DataDirectory = _data.Path,
        NodeName = "node-a",
        NodeAddress = IPAddress.Parse("192.0.2.7"),
        ServerUrl = new Uri("https://127.0.0.1:7443"),
        Time = _time,
    };

    [Fact]
    public async Task EnsureAsync_EmptyDirectory_ServerCertificateNamesEveryWayIn()
    {
        var pki = await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);

        using var server = X509CertificateLoader.LoadCertificateFromFile(pki.ServerCertificate);
        using var authority = X509CertificateLoader.LoadCertificateFromFile(pki.AuthorityCertificate);
        Assert.True(CertificateChain.IsIssuedBy(server, authority, _time.GetUtcNow()));
        string[] names =
        [
            "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
            "localhost", "127.0.0.1", "::1", "10.96.0.1", "192.0.2.7", "node-a",
        ];
        Assert.All(names, name => Assert.True(server.MatchesHostname(name), name));
        Assert.False(server.MatchesHostname("example.org"));
    }

    [Fact]
    public async Task EnsureAsync_Kubeconfigs_HoldTheComponentsIdentities()
    {
        var pki = await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);

        Assert.Equal("O=system:masters, CN=kubernetes-admin", Subject(pki.AdminKubeconfig));
        Assert.Equal("CN=system:kube-scheduler", Subject(pki.SchedulerKubeconfig));
        Assert.Equal("CN=system:kube-controller-manager", Subject(pki.ControllerManagerKubeconfig));
        Assert.Equal("CN=system:kube-proxy", Subject(pki.ProxyKubeconfig));
        Assert.Equal("O=system:nodes, CN=system:node:node-a", Subject(pki.KubeletKubeconfig));
        Assert.Contains("server: https://127.0.0.1:7443\n", await File.ReadAllTextAsync(pki.AdminKubeconfig, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task EnsureAsync_Secrets_AreTheOwnersAlone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "file modes are Unix'");
        await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);

        var secrets = Directory.GetFiles(_data.Path, "*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".key", StringComparison.Ordinal) || file.EndsWith("kubeconfig", StringComparison.Ordinal)).ToList();
        Assert.True(secrets.Count >= 10);
        Assert.All(secrets, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode(file)));
        Assert.Empty(Directory.GetFiles(_data.Path, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task EnsureAsync_SecondTime_ChangesNothing()
    {
        await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);
        var before = Contents();
        await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);

        Assert.Equal(before, Contents());
    }

    [Fact]
    public async Task EnsureAsync_LastMonth_RenewsLeafsAndKeepsTheAuthority()
    {
        var pki = await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);
        var authority = await File.ReadAllTextAsync(pki.AuthorityCertificate, TestContext.Current.CancellationToken);
        var admin = await File.ReadAllTextAsync(pki.AdminKubeconfig, TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromDays(340));
        await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);

        Assert.Equal(authority, await File.ReadAllTextAsync(pki.AuthorityCertificate, TestContext.Current.CancellationToken));
        Assert.NotEqual(admin, await File.ReadAllTextAsync(pki.AdminKubeconfig, TestContext.Current.CancellationToken));
        using var server = X509CertificateLoader.LoadCertificateFromFile(pki.ServerCertificate);
        Assert.True(server.NotAfter.ToUniversalTime() > _time.GetUtcNow().AddDays(300).UtcDateTime);
    }

    [Fact]
    public async Task EnsureAsync_NodeAddressChanged_ReissuesTheServerCertificate()
    {
        await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);
        var pki = await ClusterPki.EnsureAsync(Options with { NodeAddress = IPAddress.Parse("192.0.2.8") }, TestContext.Current.CancellationToken);

        using var server = X509CertificateLoader.LoadCertificateFromFile(pki.ServerCertificate);
        Assert.True(server.MatchesHostname("192.0.2.8"));
        Assert.False(server.MatchesHostname("192.0.2.7"));
    }

    [Fact]
    public async Task EnsureAsync_KeyOfAnotherCertificate_ReissuesThePair()
    {
        var pki = await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);
        File.Copy(pki.KubeletServingKey, pki.ServerKey, overwrite: true);
        await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);

        using var server = X509Certificate2.CreateFromPemFile(pki.ServerCertificate, pki.ServerKey);
        Assert.True(server.HasPrivateKey);
    }

    [Fact]
    public async Task EnsureAsync_BrokenAuthority_SaysWhichFile()
    {
        var pki = await ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(pki.AuthorityCertificate, "nonsense", TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => ClusterPki.EnsureAsync(Options, TestContext.Current.CancellationToken));
        Assert.Contains("ca.crt", failure.Message);
    }

    public void Dispose() => _data.Dispose();

    private static string Subject(string kubeconfig)
    {
        var line = File.ReadLines(kubeconfig).Single(text => text.Contains("client-certificate-data:", StringComparison.Ordinal));
        var pem = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(": ")[1]));
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.Subject;
    }

    private static UnixFileMode Mode(string file) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(file);

    private Dictionary<string, string> Contents() =>
        Directory.GetFiles(_data.Path, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText);
}

using System.Text;
using Cluster.Client.Tests.Server;
using Cluster.Testing;

namespace Cluster.Client.Tests.Connections;

public sealed class KubeconfigTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly TestAuthority _authority = new();

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Connect_InlineData_IsRead()
    {
        using var certificate = _authority.Issue("CN=admin");
        using var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(certificate)!;
        var config = Parse($$"""
            apiVersion: v1
            kind: Config
            current-context: main
            clusters:
            - name: other
              cluster: {server: https://other}
            - name: here
              cluster:
                server: https://127.0.0.1:6443
                certificate-authority-data: {{Base64(_authority.Certificate.ExportCertificatePem())}}
            users:
            - name: me
              user:
                client-certificate-data: {{Base64(certificate.ExportCertificatePem())}}
                client-key-data: {{Base64(key.ExportPkcs8PrivateKeyPem())}}
            contexts:
            - name: main
              context: {cluster: here, user: me, namespace: work}
            - name: aside
              context: {cluster: other}
            """);

        var connection = config.Connect();

        Assert.Equal(new Uri("https://127.0.0.1:6443"), connection.Server);
        Assert.Equal(_authority.Certificate.Thumbprint, Assert.Single(connection.Authorities!).Thumbprint);
        Assert.Equal("CN=admin", connection.ClientCertificate!.Subject);
        Assert.True(connection.ClientCertificate.HasPrivateKey);
        Assert.Equal("work", connection.Namespace);
        Assert.Equal(new Uri("https://other"), config.Connect("aside").Server);
    }

    [Fact]
    public async Task Connect_FilesBesideIt_AreReadFromItsFolder()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "ca.crt"), _authority.Certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "token"), "abc\n");
        var config = Parse("""
            current-context: c
            clusters: [{name: k, cluster: {server: "https://h", certificate-authority: ca.crt, tls-server-name: kubernetes}}]
            users: [{name: u, user: {tokenFile: token, token: unused}}]
            contexts: [{name: c, context: {cluster: k, user: u}}]
            """);

        var connection = config.Connect();

        Assert.Equal(_authority.Certificate.Thumbprint, Assert.Single(connection.Authorities!).Thumbprint);
        Assert.Equal("abc", await connection.Token!.GetAsync(TestContext.Current.CancellationToken));
        Assert.Equal("kubernetes", connection.TlsServerName);
        Assert.Equal("default", connection.Namespace);
    }

    [Fact]
    public void Connect_InsecureAndToken_AreRead()
    {
        var connection = Parse("""
            {"current-context":"c","clusters":[{"name":"k","cluster":{"server":"https://h","insecure-skip-tls-verify":true}}],
             "users":[{"name":"u","user":{"token":"t"}}],"contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}]}
            """).Connect();

        Assert.True(connection.InsecureSkipTlsVerify);
        Assert.IsType<FixedToken>(connection.Token);
    }

    [Theory]
    [InlineData("current-context: gone", "there is no context \"gone\"")]
    [InlineData("{current-context: c, contexts: [{name: c, context: {cluster: k}}]}", "there is no cluster \"k\"")]
    [InlineData("{current-context: c, contexts: [{name: c, context: {cluster: k}}], clusters: [{name: k, cluster: {}}]}", "the cluster has no server")]
    [InlineData(
        "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], clusters: [{name: k, cluster: {server: 'https://h'}}], users: [{name: u, user: {exec: {}}}]}",
        "users with exec are not supported")]
    public void Connect_SomethingMissing_SaysWhat(string text, string why)
    {
        var error = Assert.Throws<InvalidDataException>(() => Parse(text).Connect());

        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("just text")]
    [InlineData("{ a: b")]
    public void Parse_NoKubeconfig_IsRefused(string text) => Assert.Throws<InvalidDataException>(() => Parse(text));

    [Fact]
    public async Task InCluster_AccountFolder_IsUsed()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "ca.crt"), _authority.Certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "token"), "abc");
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "namespace"), "work");

        var connection = InClusterConnection.Find("10.96.0.1", "443", _folder.Path);

        Assert.Equal(new Uri("https://10.96.0.1:443"), connection.Server);
        Assert.Equal("work", connection.Namespace);
        Assert.Throws<InvalidDataException>(() => InClusterConnection.Find(null, null, _folder.Path));
    }

    private Kubeconfig Parse(string text) => Kubeconfig.Parse(text, Path.Combine(_folder.Path, "config"));

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}

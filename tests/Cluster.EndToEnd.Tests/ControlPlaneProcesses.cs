using System.Security.Cryptography.X509Certificates;
using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>API server, controller manager and scheduler as processes of their own.</summary>
public sealed class ControlPlaneProcesses : IAsyncLifetime
{
    private readonly TempDirectory _data = new();
    private readonly List<LoggedProcess> _processes = [];
    private readonly int _port = Machine.FreePort();
    private HttpClient? _admin;

    public int ControllersPort { get; } = Machine.FreePort();

    public int SchedulerPort { get; } = Machine.FreePort();

    /// <summary>Who may do everything.</summary>
    public HttpClient Admin => _admin!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Start("apiserver", "--data", _data.Path, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", $"{_port}");
        await Poll.UntilAsync("the certificates", () => Task.FromResult(File.Exists(_data.File("kubeconfig"))));
        _admin = Client();
        await Poll.UntilAsync("the API server", async () => await _admin.GetStringAsync("/readyz", Cancel) == "ok");
        Start("controller-manager", "--kubeconfig", _data.File("pki/controller-manager.kubeconfig"), "--secure-port", $"{ControllersPort}");
        Start("scheduler", "--kubeconfig", _data.File("pki/scheduler.kubeconfig"), "--secure-port", $"{SchedulerPort}");
    }

    public async ValueTask DisposeAsync()
    {
        _admin?.Dispose();
        foreach (LoggedProcess process in Enumerable.Reverse(_processes)) await process.DisposeAsync();
        _data.Dispose();
    }

    private void Start(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Machine.ClusterBinary), $"{Machine.ClusterBinary} is not built");
        _processes.Add(new LoggedProcess(Machine.ClusterBinary, arguments));
    }

    private HttpClient Client()
    {
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(_data.File("pki/admin.crt"), _data.File("pki/admin.key"));
        var handler = new SocketsHttpHandler();
        handler.SslOptions.ClientCertificates = [X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null)];
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(_data.File("pki/ca.crt")) }, RevocationMode = X509RevocationMode.NoCheck,
        };
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{_port}") };
    }
}

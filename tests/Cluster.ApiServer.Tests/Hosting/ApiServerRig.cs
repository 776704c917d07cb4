using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Pki;
using Cluster.Storage;
using Cluster.Storage.Embedded;
using Cluster.Testing;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>A real API server on a free port, with its own certificates and an embedded store, and the clients to speak to it.</summary>
public sealed class ApiServerRig : IAsyncLifetime
{
    /// <summary>Of the user <c>nobody</c>, to whom nothing is granted.</summary>
    public const string NobodysToken = "nobodys-token";

    private readonly TempDirectory _data = new();
    private IStore? _store;

    /// <summary>The server's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the server's components log to.</summary>
    public ILoggerFactory Logs { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Changes what the servers are started with.</summary>
    public Func<ApiServerOptions, ApiServerOptions> Configure { get; init; } = options => options;

    /// <summary>Makes the store, given a folder for it; the rig's in the end.</summary>
    public Func<string, Task<IStore>> OpenStore { get; init; } = async folder => await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = folder });

    /// <summary>The audit log of the first server; null: none.</summary>
    public AuditLogOptions? Audit { get; init; }

    public ClusterPki Pki { get; private set; } = null!;

    public Cluster.ApiServer.ApiServer Server { get; private set; } = null!;

    public Uri Url => Server.Url;

    /// <summary>With the administrator's certificate.</summary>
    public HttpClient Admin { get; private set; } = null!;

    /// <summary>Without any credentials.</summary>
    public HttpClient Anonymous { get; private set; } = null!;

    public GrpcChannel AdminChannel { get; private set; } = null!;

    public string Data => _data.Path;

    public async ValueTask InitializeAsync()
    {
        var port = FreePort.Tcp();
        Pki = await ClusterPki.EnsureAsync(new PkiOptions
        {
            DataDirectory = _data.Path,
            NodeName = "node-a",
            NodeAddress = IPAddress.Loopback,
            ServerUrl = new Uri($"https://127.0.0.1:{port}"),
        });
        await File.WriteAllTextAsync(Pki.StaticTokens, $"{NobodysToken},nobody,1\n");
        _store = await OpenStore(Path.Combine(_data.Path, "store"));
        Server = await StartAsync(port, Audit);
        Admin = Client("admin");
        Anonymous = Client(null);
        AdminChannel = GrpcChannel.ForAddress(Url, new GrpcChannelOptions { HttpHandler = Handler("admin"), DisposeHttpClient = true });
        await AddDefaultAccountAsync();
    }

    /// <summary>A controller makes it in a cluster; no controller runs here, and every pod needs it.</summary>
    private async Task AddDefaultAccountAsync()
    {
        using var body = new StringContent("""{"metadata":{"name":"default"}}""", System.Text.Encoding.UTF8, "application/json");
        using var response = await Admin.PostAsync("/api/v1/namespaces/default/serviceaccounts", body);
        // A store that was used before has it.
        if (response.StatusCode != HttpStatusCode.Conflict)
            response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        Admin?.Dispose();
        Anonymous?.Dispose();
        AdminChannel?.Dispose();
        if (Server is not null)
            await Server.DisposeAsync();
        if (_store is not null)
            await _store.DisposeAsync();
        _data.Dispose();
    }

    /// <summary>Starts one more server on the rig's store.</summary>
    public Task<Cluster.ApiServer.ApiServer> StartAsync(int port, AuditLogOptions? audit = null, TimeProvider? time = null) => Cluster.ApiServer.ApiServer.StartAsync(
        Configure(new ApiServerOptions { Pki = Pki, Listen = [new IPEndPoint(IPAddress.Loopback, port)], AuditLog = audit, Time = time ?? Time }),
        _store!,
        Logs,
        TestContext.Current.CancellationToken);

    /// <summary>A client that shows a leaf of the rig's <c>pki</c> folder, or none.</summary>
    public HttpClient Client(string? leaf, string? token = null)
    {
        var client = new HttpClient(Handler(leaf)) { BaseAddress = Url, DefaultRequestVersion = HttpVersion.Version20 };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public SocketsHttpHandler Handler(string? leaf)
    {
        var tls = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
        tls.CertificateChainPolicy.CustomTrustStore.Add(X509CertificateLoader.LoadCertificateFromFile(Pki.AuthorityCertificate));
        if (leaf is not null)
            tls.ClientCertificates = [Load(Path.Combine(Pki.Directory, leaf + ".crt"), Path.Combine(Pki.Directory, leaf + ".key"))];
        return new SocketsHttpHandler { SslOptions = tls, UseProxy = false };
    }

    public static X509Certificate2 Load(string certificate, string key)
    {
        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Runs kubectl as the administrator, with <paramref name="input"/> on its standard input.</summary>
    public Task<KubectlResult> KubectlAsync(string? input, params string[] arguments) => KubectlAsync(input, KubectlProgram.Path, arguments);

    /// <summary>As the other, with a kubectl of another release.</summary>
    public async Task<KubectlResult> KubectlAsync(string? input, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, ["--kubeconfig", Pki.AdminKubeconfig, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            // Its discovery cache lives in the home directory.
            Environment = { ["HOME"] = _data.Path },
        };
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(timeout.Token);
        return new KubectlResult(process.ExitCode, await output, await errors);
    }
}

public sealed record KubectlResult(int ExitCode, string Output, string Errors);

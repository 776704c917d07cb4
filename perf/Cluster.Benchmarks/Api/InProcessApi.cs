using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cluster.ApiServer;
using Cluster.ApiServer.Pki;
using Cluster.Storage.Embedded;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Benchmarks.Api;

/// <summary>The whole API server over the embedded store, without its network: requests go in by <see cref="SendAsync"/>.</summary>
internal sealed class InProcessApi : IAsyncDisposable
{
    public const string Pods = "/api/v1/namespaces/default/pods";

    private const string User = "bench";

    private readonly string _data = Directory.CreateTempSubdirectory("cluster-micro-").FullName;
    private readonly InProcessServer _server = new();
    private X509Certificate2 _administrator = null!;
    private X509Certificate2 _client = null!;
    private EmbeddedStore _store = null!;
    private ApiServer.ApiServer _api = null!;

    /// <summary>What has been answered.</summary>
    public CountingStream Answers { get; } = new();

    /// <summary>Starts it, with a user who has rights on pods and nothing else.</summary>
    public static async Task<InProcessApi> StartAsync()
    {
        var api = new InProcessApi();
        ClusterPki pki = await ClusterPki.EnsureAsync(
            new PkiOptions { DataDirectory = api._data, NodeName = "bench", NodeAddress = IPAddress.Loopback }, CancellationToken.None);
        api._store = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = Path.Combine(api._data, "store") });
        api._api = await ApiServer.ApiServer.StartAsync(
            new ApiServerOptions { Pki = pki, Server = api._server }, api._store, NullLoggerFactory.Instance, CancellationToken.None);
        string folder = Path.Combine(api._data, "pki");
        api._administrator = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "admin.crt"));
        api._client = Sign(folder);
        await api.FillAsync();
        return api;
    }

    /// <summary>Sends a request of the user and waits for its answer; its status.</summary>
    public async Task<int> SendAsync(string method, string path, byte[]? body = null, string query = "")
    {
        var request = new InProcessRequest(method, path, query, body, _client, Answers);
        await _server.SendAsync(request.Features);
        return request.StatusCode;
    }


    /// <summary>The JSON of a pod, about 2 kB once it is stored.</summary>
    public static byte[] Pod(string name) => Encoding.UTF8.GetBytes(
        "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" + name + "\",\"labels\":{\"app\":\"server\",\"pod-template-hash\":\"6d4cf56db6\"},\"annotations\":{\"example.com/tick\":\"0\"}},"
        + "\"spec\":{\"containers\":[{\"name\":\"server\",\"image\":\"registry.example.com/team/server:1.24.3\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080}],"
        + "\"env\":[{\"name\":\"REGION\",\"value\":\"eu-central-1\"}],\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"128Mi\"}}}],\"automountServiceAccountToken\":false}}");

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        await _store.DisposeAsync();
        _administrator.Dispose();
        _client.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private static X509Certificate2 Sign(string folder)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={User}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using X509Certificate2 authority = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "ca.crt"), Path.Combine(folder, "ca.key"));
        DateTimeOffset from = authority.NotBefore;
        return request.Create(authority, from, from.AddDays(1), RandomNumberGenerator.GetBytes(16));
    }

    private async Task FillAsync()
    {
        await PostAsync("/api/v1/namespaces/default/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
        const string Rbac = "/apis/rbac.authorization.k8s.io/v1/";
        await PostAsync(Rbac + "clusterroles", "{\"metadata\":{\"name\":\"bench\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"verbs\":[\"get\",\"list\",\"watch\",\"create\",\"update\",\"deletecollection\"]}]}");
        await PostAsync(
            Rbac + "clusterrolebindings",
            "{\"metadata\":{\"name\":\"bench\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"bench\"},\"subjects\":[{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"bench\"}]}");
    }

    private async Task PostAsync(string path, string body)
    {
        var request = new InProcessRequest("POST", path, "", Encoding.UTF8.GetBytes(body), _administrator, Answers);
        await _server.SendAsync(request.Features);
        if (request.StatusCode != 201) throw new InvalidOperationException($"POST {path}: {request.StatusCode}");
    }
}

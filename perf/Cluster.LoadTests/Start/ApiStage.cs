using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Start;

/// <summary>An API server's process with services that are made up, spoken to as its administrator.</summary>
/// <remarks>The endpoint slices of the first service lead to backends that answer, those of the others nowhere.</remarks>
internal sealed partial class ApiStage : IDisposable
{
    private const int Port = 26_443;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-start-").FullName;
    private readonly LoggedProgram _server;
    private readonly HttpClient _client;

    /// <param name="cluster">The program whose API server it is.</param>
    public ApiStage(string cluster)
    {
        _server = new LoggedProgram(
            cluster, "apiserver", "--data", _folder, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", $"{Port}", "--service-cluster-ip-range", Services);
        try
        {
            _client = Connect();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public const string Services = "10.96.0.0/16";

    /// <summary>The credentials of a node's proxy.</summary>
    public string ProxyKubeconfig => Path.Combine(_folder, "pki/proxy.kubeconfig");

    public static IPEndPoint Place(int service) => new(IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"10.96.{1 + (service >> 8)}.{service & 255}")), 80);

    /// <summary>Makes services with their slices.</summary>
    public void Create(int services, int backends, IPEndPoint first)
    {
        for (int i = 0; i < services; i++)
        {
            Send(HttpMethod.Post, "/api/v1/namespaces/default/services", $$$"""
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"service-{{{i}}}"},"spec":{"clusterIP":"{{{Place(i).Address}}}","ports":[{"port":80}]}}
                """);
            string addresses = string.Join(",", Enumerable.Range(0, i == 0 ? 1 : backends).Select(number => $$$"""{"addresses":["{{{(i == 0 ? first.Address : Elsewhere(number, i))}}}"],"conditions":{"ready":true}}"""));
            Send(HttpMethod.Post, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", $$$"""
                {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"service-{{{i}}}","labels":{"kubernetes.io/service-name":"service-{{{i}}}"}},
                 "addressType":"IPv4","endpoints":[{{{addresses}}}],"ports":[{"name":"","port":{{{(i == 0 ? first.Port : 80)}}},"protocol":"TCP"}]}
                """);
        }
    }

    /// <summary>Leads the first service to another backend at the same address.</summary>
    public void Lead(IPEndPoint to) => Send(
        HttpMethod.Patch, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/service-0", $$$"""{"ports":[{"name":"","port":{{{to.Port}}},"protocol":"TCP"}]}""");

    public void Dispose()
    {
        _client?.Dispose();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static IPAddress Elsewhere(int backend, int service) => new([10, (byte)(10 + backend), (byte)(service >> 8), (byte)service]);

    private HttpClient Connect()
    {
        string kubeconfig = Path.Combine(_folder, "kubeconfig");
        Until(() => File.Exists(kubeconfig));
        string text = File.ReadAllText(kubeconfig);
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [X509Certificate2.CreateFromPem(Field(text, "client-certificate-data"), Field(text, "client-key-data"))],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
            },
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPem(Field(text, "certificate-authority-data"));
        var client = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{Port}") };
        Until(() =>
        {
            using HttpResponseMessage answer = client.Send(new HttpRequestMessage(HttpMethod.Get, "/readyz"));
            return answer.IsSuccessStatusCode;
        });
        return client;
    }

    private void Until(Func<bool> condition)
    {
        using var pause = new ManualResetEventSlim();
        for (long began = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(began) < Patience; pause.Wait(20))
        {
            if (_server.HasExited) break;
            try
            {
                if (condition()) return;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                // Not yet.
            }
        }

        throw new InvalidOperationException($"the API server did not start: {_server.Output}");
    }

    private void Send(HttpMethod method, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        using HttpResponseMessage answer = _client.Send(new HttpRequestMessage(method, path) { Content = content });
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{method} {path}: {answer.StatusCode}");
    }

    private static string Field(string kubeconfig, string name) =>
        Encoding.ASCII.GetString(Convert.FromBase64String(FieldPattern().Matches(kubeconfig).First(match => match.Groups[1].Value == name).Groups[2].Value));

    [GeneratedRegex("([a-z-]+-data): *\"?([A-Za-z0-9+/=]+)")]
    private static partial Regex FieldPattern();
}

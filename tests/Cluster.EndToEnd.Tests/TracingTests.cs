using System.Diagnostics;
using System.Net;
using System.Text;
using Cluster.Client;

namespace Cluster.EndToEnd.Tests;

/// <summary>The API server's spans at a collector, as a TracingConfiguration says.</summary>
public sealed class TracingTests : IAsyncLifetime
{
    private const int Server = 2;
    private const int Client = 3;

    private readonly string _data = Machine.NewDataFolder();
    private TraceCollector _collector = null!;
    private LoggedProcess _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Machine.RequireCluster();
        int collectorPort = Machine.FreePort(), port = Machine.FreePort();
        _collector = await TraceCollector.StartAsync(collectorPort);
        Directory.CreateDirectory(_data);
        string tracing = Path.Combine(_data, "tracing.yaml");
        // Nothing is sampled but what the caller samples.
        await File.WriteAllTextAsync(tracing, $"apiVersion: apiserver.config.k8s.io/v1beta1\nkind: TracingConfiguration\nendpoint: 127.0.0.1:{collectorPort}\nsamplingRatePerMillion: 0\n", Cancel);
        _server = new LoggedProcess(
            Machine.ClusterBinary, "apiserver", "--data", _data, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", $"{port}", "--tracing-config-file", tracing);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_collector is not null) await _collector.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Request_InACallersTrace_IsASpanOfIt_AndSoIsTheStoresWork()
    {
        using HttpClient http = await ConnectAsync();
        (ActivityTraceId unsampled, ActivityTraceId trace, ActivitySpanId caller) = (ActivityTraceId.CreateRandom(), ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom());
        string audit = await CreateAsync(http, $"00-{unsampled}-{caller}-00");
        Assert.NotEmpty(audit);
        audit = await CreateAsync(http, $"00-{trace}-{caller}-01");
        await Poll.UntilAsync("the collector has the span", () => Task.FromResult(_collector.Spans.Any(span => span.Kind == Server)));

        CollectedSpan request = Assert.Single(_collector.Spans, span => span.Kind == Server);
        Assert.Equal(("apiserver", "POST configmaps", $"{trace}", $"{caller}"), (request.Service, request.Name, request.TraceId, request.ParentId));
        Assert.Equal(
            ("POST", "/api/v1/namespaces/default/configmaps", "201", audit),
            (request.Attributes["http.request.method"], request.Attributes["url.path"], request.Attributes["http.response.status_code"], request.Attributes["audit-id"]));
        CollectedSpan store = Assert.Single(_collector.Spans, span => span.Name == "store write");
        Assert.Equal((Client, $"{trace}", request.SpanId), (store.Kind, store.TraceId, store.ParentId));
        Assert.All(_collector.Spans, span => Assert.Equal($"{trace}", span.TraceId));
    }

    private static async Task<string> CreateAsync(HttpClient http, string traceParent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/namespaces/default/configmaps")
        {
            Content = new StringContent("""{"metadata":{"generateName":"traced-"}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("traceparent", traceParent);
        using HttpResponseMessage answer = await http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return answer.Headers.GetValues("Audit-Id").Single();
    }

    private async Task<HttpClient> ConnectAsync()
    {
        string written = Path.Combine(_data, "kubeconfig");
        HttpClient? http = null;
        await Poll.UntilAsync("the server answers", async () =>
        {
            Assert.True(_server.IsRunning, string.Join('\n', _server.Lines));
            if (!File.Exists(written)) return false;
            http ??= Connect(written);
            try
            {
                using HttpResponseMessage ready = await http.GetAsync("/readyz", Cancel);
                return ready.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        return http!;
    }

    private static HttpClient Connect(string kubeconfig)
    {
        var connection = Kubeconfig.Load(kubeconfig).Connect();
        var handler = new SocketsHttpHandler { ActivityHeadersPropagator = null };
        handler.SslOptions.ClientCertificates = [connection.ClientCertificate!];
        handler.SslOptions.RemoteCertificateValidationCallback = (_, served, _, _) => served is not null;
        return new HttpClient(handler) { BaseAddress = connection.Server };
    }
}

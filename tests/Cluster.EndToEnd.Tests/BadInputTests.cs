using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace Cluster.EndToEnd.Tests;

/// <summary>Bad input gets Kubernetes' own Status, and the server goes on.</summary>
[Collection(SharedCluster.Name)]
public sealed class BadInputTests(RunningCluster cluster)
{
    private static readonly string LongName = new('x', 300);

    public static TheoryData<string, string, string, int, string> Bodies() => new()
    {
        { "configmaps", "application/json", "{\"kind\":", 400, "BadRequest" },
        { "configmaps", "application/json", "[]", 400, "BadRequest" },
        { "configmaps", "application/json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":5}}""", 400, "BadRequest" },
        { "configmaps", "application/json", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}""", 400, "BadRequest" },
        { "configmaps", "application/json", $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{LongName}}}"}}""", 422, "Invalid" },
        { "configmaps", "application/json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Not_A_Name"}}""", 422, "Invalid" },
        { "configmaps", "application/yaml", "a: b: c", 400, "BadRequest" },
        { "configmaps", "application/vnd.kubernetes.protobuf", "k8s\0garbage", 400, "BadRequest" },
        { "configmaps", "text/plain", "hello", 415, "UnsupportedMediaType" },
        { "pods", "application/json", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[]}}""", 422, "Invalid" },
        { "pods", "application/json", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":"none"}}""", 400, "BadRequest" },
        { "pods?fieldValidation=Strict", "application/json", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"contaners":[]}}""", 400, "BadRequest" },
        { "nonsenses", "application/json", "{}", 404, "NotFound" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Post_BadBody_GetsAStatus(string resource, string mediaType, string body, int code, string reason)
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        using HttpClient http = AdminClient();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using HttpResponseMessage answer = await http.PostAsync($"api/v1/namespaces/{kubectl.Namespace}/{resource}", content, cancellation);
        string text = await answer.Content.ReadAsStringAsync(cancellation);
        Assert.True(code == (int)answer.StatusCode, $"{(int)answer.StatusCode}: {text}");
        if (text.StartsWith('{'))
        {
            JsonNode status = JsonNode.Parse(text)!;
            Assert.Equal("Status", (string?)status["kind"]);
            Assert.Equal(reason, (string?)status["reason"]);
            Assert.Equal(code, (int?)status["code"]);
        }
        else
        {
            // An unknown path is answered in plain text, as Kubernetes does.
            Assert.Equal("404 page not found", text.Trim());
        }

        using HttpResponseMessage after = await http.GetAsync("readyz", cancellation);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
    }

    [Fact]
    public async Task Post_BodyTooLarge_Is413()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        using HttpClient http = AdminClient();
        // The server answers before the body is sent; a client that does not wait would see a broken pipe.
        http.DefaultRequestHeaders.ExpectContinue = true;
        using var content = new ByteArrayContent(new byte[8 << 20]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage answer = await http.PostAsync($"api/v1/namespaces/{kubectl.Namespace}/configmaps", content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task Create_UnknownField_KubectlSaysWhich()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        CommandResult result = await kubectl.TryWithInputAsync(
            """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"contaners":[]}}""", "create", "-f", "-");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("unknown field \"spec.contaners\"", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Service_TakenClusterIPAndNodePort_AreKubernetes422()
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Service("first", $"{cluster.ServicePrefix}.77.7", 31777));
        Assert.Equal($"{cluster.ServicePrefix}.77.7", await kubectl.JsonPathAsync("service/first", "{.spec.clusterIP}"));
        CommandResult ip = await kubectl.TryWithInputAsync(Service("second", $"{cluster.ServicePrefix}.77.7", 31778), "create", "-f", "-");
        Assert.Contains("spec.clusterIPs: Invalid value", ip.Error, StringComparison.Ordinal);
        Assert.Contains("provided IP is already allocated", ip.Error, StringComparison.Ordinal);
        CommandResult port = await kubectl.TryWithInputAsync(Service("second", $"{cluster.ServicePrefix}.77.8", 31777), "create", "-f", "-");
        Assert.Contains("spec.ports[0].nodePort: Invalid value: 31777: provided port is already allocated", port.Error, StringComparison.Ordinal);
        // Nothing half done: the address of the refused service is free, and so is that of a deleted one.
        await kubectl.ApplyAsync(Service("second", $"{cluster.ServicePrefix}.77.8", 31778));
        await kubectl.RunAsync("delete", "service", "first");
        await kubectl.ApplyAsync(Service("third", $"{cluster.ServicePrefix}.77.7", 31777));
    }

    private static string Service(string name, string ip, int nodePort) => $$$"""
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"{{{name}}}"},
         "spec":{"type":"NodePort","clusterIP":"{{{ip}}}","selector":{"app":"none"},"ports":[{"port":80,"nodePort":{{{nodePort}}} }]}}
        """;

    private HttpClient AdminClient()
    {
        KubernetesClientConfiguration config = KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.Kubeconfig);
        var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        handler.ClientCertificates.Add(X509Certificate2.CreateFromPem(
            Encoding.UTF8.GetString(Convert.FromBase64String(config.ClientCertificateData)), Encoding.UTF8.GetString(Convert.FromBase64String(config.ClientCertificateKeyData))));
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{cluster.ApiPort}/") };
    }
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Kubelet.Tests.Rigs;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Server;

public sealed class KubeletServerTests : IAsyncDisposable
{
    private readonly FakeRuntime runtime = new();
    private readonly TestCertificates certificates = new();
    private readonly KubeletRig rig;

    public KubeletServerTests()
    {
        rig = new KubeletRig(runtime);
        rig.Options = rig.Options with { Certificates = certificates.Files, Port = 0, ListenAddress = "127.0.0.1", HealthzPort = FreePort.Tcp() };
    }

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        certificates.Dispose();
    }

    [Fact]
    public async Task ContainerLogs_AskedByTheApiServer_AreTheContainers()
    {
        await RunPodAsync();
        using var http = Client("CN=kube-apiserver-kubelet-client, O=system:masters");

        Assert.Equal("log of main\n", await http.GetStringAsync("/containerLogs/default/web/main?follow=false&tailLines=5"));
        Assert.Equal("log", await http.GetStringAsync("/containerLogs/default/web/main?limitBytes=3"));
    }

    [Theory]
    [InlineData("/containerLogs/default/none/main", HttpStatusCode.NotFound, "pod \"none\" not found")]
    [InlineData("/containerLogs/default/web/main?previous=true", HttpStatusCode.BadRequest, "previous terminated container \"main\" in pod \"web\" not found")]
    [InlineData("/containerLogs/default/web/main?tailLines=x", HttpStatusCode.BadRequest, "invalid log query")]
    public async Task ContainerLogs_OfWhatIsNotThere_SayWhy(string path, HttpStatusCode code, string text)
    {
        await RunPodAsync();
        using var http = Client("CN=x, O=system:masters");

        using var answer = await http.GetAsync(path);

        Assert.Equal((code, text), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Pods_AskedByAnAdministrator_AreListedWithStatus()
    {
        await RunPodAsync();
        using var http = Client("CN=admin, O=system:masters");

        var list = JsonCodec.Decode<PodList>(await http.GetByteArrayAsync("/pods"));

        Assert.Equal(("web", "Running"), (list.Items[0].Metadata.Name, list.Items[0].Status.Phase));
    }

    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData("CN=someone, O=others", HttpStatusCode.Forbidden)]
    public async Task Pods_AskedByAStranger_AreRefused(string? subject, HttpStatusCode code)
    {
        await RunPodAsync();
        using var http = Client(subject);

        using var answer = await http.GetAsync("/pods");

        Assert.Equal(code, answer.StatusCode);
    }

    [Fact]
    public async Task Pods_WithACertificateOfAnotherAuthority_AreRefused()
    {
        await RunPodAsync();
        using var other = new TestCertificates();
        using var http = Client(other.Issue("CN=admin, O=system:masters"));

        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("/pods"));
    }

    [Fact]
    public async Task Healthz_OnLoopback_IsOkAndNothingElseIsServedThere()
    {
        await RunPodAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{rig.Options.HealthzPort}") };

        Assert.Equal("ok", await http.GetStringAsync("/healthz"));
        var metrics = await http.GetStringAsync("/metrics");
        string[] expected =
        [
            "# TYPE kubelet_pleg_relist_duration_seconds histogram\n", "kubelet_pleg_relist_duration_seconds_bucket{le=\"+Inf\"} ", "kubelet_pleg_relist_duration_seconds_count ",
            $"kubelet_node_name{{node=\"{KubeletRig.Node}\"}} 1\n", "kubelet_running_pods 1\n", "kubelet_running_containers{container_state=\"running\"} ", "kubelet_running_containers{container_state=\"exited\"} ",
        ];
        Assert.All(expected, text => Assert.Contains(text, metrics, StringComparison.Ordinal));
        using var pods = await http.GetAsync("/pods");
        Assert.Equal(HttpStatusCode.NotFound, pods.StatusCode);
    }

    /// <summary>Everything the server routes, with names of nothing.</summary>
    [Theory]
    [InlineData(null, HttpStatusCode.Unauthorized, "Unauthorized")]
    [InlineData("CN=someone, O=others", HttpStatusCode.Forbidden, "Forbidden")]
    [InlineData("CN=system:node:other, O=system:nodes", HttpStatusCode.Forbidden, "Forbidden")]
    [InlineData("CN=kube-apiserver-kubelet-client", HttpStatusCode.Forbidden, "Forbidden")]
    public async Task EveryPath_AskedByAStranger_IsRefusedAndTellsNothing(string? subject, HttpStatusCode code, string text)
    {
        await RunPodAsync();
        using var http = Client(subject);
        var paths = rig.Kubelet!.Routes.SelectMany(route => new[] { Fill(route, "web"), Fill(route, "gone") })
            .Concat(["/", "/nowhere", "/healthz/x", "/METRICS", "/pods/", "//pods", "/stats/summary", "/debug/pprof", "/run/default/web/main", "/logs/"]).ToList();
        Assert.Contains("/exec/default/web/main", paths);
        foreach (var path in paths)
        {
            foreach (var method in (string[])["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "NONE"])
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(http.BaseAddress!.GetLeftPart(UriPartial.Authority) + path));
                using var answer = await http.SendAsync(request);
                Assert.True(answer.StatusCode == code, $"{method} {path}: {answer.StatusCode}");
                Assert.Equal(method == "HEAD" ? "" : text, await answer.Content.ReadAsStringAsync());
            }
        }
    }

    /// <summary>Who comes past the API server, which asks for permission, opens no stream.</summary>
    [Fact]
    public async Task Streams_AskedByAnAdministratorDirectly_AreForbiddenWhetherThePodIsThere()
    {
        await RunPodAsync();
        using var http = Client("CN=admin, O=system:masters");
        var streams = rig.Kubelet!.Routes.Where(route => route.StartsWith("/exec/", StringComparison.Ordinal) || route.StartsWith("/attach/", StringComparison.Ordinal) || route.StartsWith("/portForward/", StringComparison.Ordinal)).ToList();
        Assert.Equal(6, streams.Count);
        foreach (var path in streams.SelectMany(route => new[] { Fill(route, "web"), Fill(route, "gone") }))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path);
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", "SPDY/3.1");
            using var answer = await http.SendAsync(request);
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{path}: {answer.StatusCode}");
        }
    }

    private static string Fill(string route, string pod) => System.Text.RegularExpressions.Regex.Replace(
        route.Replace("{ns}", "default", StringComparison.Ordinal).Replace("{pod}", pod, StringComparison.Ordinal).Replace("{container}", "main", StringComparison.Ordinal), @"\{[^}]*\}", "x");

    private async Task RunPodAsync()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("web"));
        await rig.UntilAsync("web", status => status.Phase == "Running");
    }

    private HttpClient Client(string? subject) => Client(subject is null ? null : certificates.Issue(subject));

    private HttpClient Client(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, served, _, _) => served?.Subject.Contains("system:node:test", StringComparison.Ordinal) == true;
        if (certificate is not null) handler.SslOptions.ClientCertificates = [certificate];
        return new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{rig.Kubelet!.Port}") };
    }
}

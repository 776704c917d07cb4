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
        Assert.Contains("kubelet_pleg_relist_total", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        using var pods = await http.GetAsync("/pods");
        Assert.Equal(HttpStatusCode.NotFound, pods.StatusCode);
    }

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

using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Tests.Logs;

public sealed class PodLogConnectorTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Log_OfABoundPod_IsTheKubeletsAnswer()
    {
        await using var kubelet = await rig.StartKubeletAsync("node-plain");
        await rig.AddPodAsync("plain", "node-plain", "main");
        kubelet.Answer = context => context.Response.WriteAsync("one\ntwo\n");

        var log = await rig.Admin.GetStringAsync(
            Path("plain") + "?tailLines=5&timestamps=true&sinceTime=2026-01-02T03:04:05Z&limitBytes=100&previous=false", Cancel);

        Assert.Equal("one\ntwo\n", log);
        Assert.Equal("/containerLogs/default/plain/main?limitBytes=100&sinceTime=2026-01-02T03%3A04%3A05Z&tailLines=5&timestamps=true", kubelet.LastRequest);
    }

    [Fact]
    public async Task Log_Followed_ArrivesLineByLine()
    {
        await using var kubelet = await rig.StartKubeletAsync("node-follow");
        await rig.AddPodAsync("follow", "node-follow", "main");
        var more = new TaskCompletionSource();
        kubelet.Answer = async context =>
        {
            await context.Response.WriteAsync("first\n");
            await context.Response.Body.FlushAsync();
            await more.Task;
            await context.Response.WriteAsync("second\n");
        };

        using var response = await rig.Admin.GetAsync(Path("follow") + "?follow=true", HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await response.Content.ReadAsStreamAsync(Cancel);
        using var reader = new StreamReader(body);
        // The kubelet waits until this line is here: a proxy that hoards would never pass it on.
        Assert.Equal("first", await reader.ReadLineAsync(Cancel));
        more.SetResult();
        Assert.Equal("second", await reader.ReadLineAsync(Cancel));
        Assert.Null(await reader.ReadLineAsync(Cancel));
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Log_RefusedByTheKubelet_IsItsTextAsABadRequest()
    {
        await using var kubelet = await rig.StartKubeletAsync("node-wait");
        await rig.AddPodAsync("waiting", "node-wait", "main");
        kubelet.Answer = context =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync("container \"main\" in pod \"waiting\" is waiting to start: ContainerCreating");
        };

        await AssertFailureAsync("waiting", "", 400, "container \"main\" in pod \"waiting\" is waiting to start: ContainerCreating");
    }

    [Fact]
    public async Task Log_KubeletWithAForeignCertificate_IsNotAsked()
    {
        using var other = new TempDirectory();
        var foreign = await Cluster.ApiServer.Pki.ClusterPki.EnsureAsync(
            new() { DataDirectory = other.Path, NodeName = "x", NodeAddress = IPAddress.Loopback }, Cancel);
        using var serving = ApiServerRig.Load(foreign.KubeletServingCertificate, foreign.KubeletServingKey);
        using var authority = X509CertificateLoader.LoadCertificateFromFile(rig.Pki.AuthorityCertificate);
        var port = FreePort.Tcp();
        await using var kubelet = await FakeKubelet.StartAsync(port, serving, authority);
        await rig.AddNodeAsync("node-foreign", port);
        await rig.AddPodAsync("foreign", "node-foreign", "main");

        using var refused = await rig.Admin.GetAsync(Path("foreign"), Cancel);
        Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
        Assert.Equal("", kubelet.LastRequest);
        Assert.Equal("line\n", await rig.Admin.GetStringAsync(Path("foreign") + "?insecureSkipTLSVerifyBackend=true", Cancel));
    }

    [Fact]
    public async Task Log_Parameters_AreCheckedInKubernetesWords()
    {
        await rig.AddPodAsync("two", "", "a", "b");

        await AssertFailureAsync("two", "", 400, "a container name must be specified for pod two, choose one of: [a b]");
        await AssertFailureAsync("two", "?container=c", 400, "container c is not valid for pod two");
        await AssertFailureAsync(
            "two", "?container=a&tailLines=-1", 422, "PodLogOptions \"two\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0",
            "FieldValueInvalid|tailLines|Invalid value: -1: must be greater than or equal to 0");
        await AssertFailureAsync(
            "two", "?container=a&limitBytes=0", 422, "PodLogOptions \"two\" is invalid: limitBytes: Invalid value: 0: must be greater than 0",
            "FieldValueInvalid|limitBytes|Invalid value: 0: must be greater than 0");
        await AssertFailureAsync(
            "two", "?container=a&sinceSeconds=0", 422, "PodLogOptions \"two\" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0",
            "FieldValueInvalid|sinceSeconds|Invalid value: 0: must be greater than 0");
        await AssertFailureAsync(
            "two", "?container=a&sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z", 422,
            "PodLogOptions \"two\" is invalid: : Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
            "FieldValueForbidden||Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified");
        await AssertFailureAsync("two", "?container=a&limitBytes=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax");
        await AssertFailureAsync("missing", "", 404, "pods \"missing\" not found");
    }

    [Fact]
    public async Task Log_OfAPodWithoutNode_IsEmpty()
    {
        await rig.AddPodAsync("unbound", "", "main");

        Assert.Equal("", await rig.Admin.GetStringAsync(Path("unbound"), Cancel));
    }

    private static string Path(string pod) => $"/api/v1/namespaces/default/pods/{pod}/log";

    private async Task AssertFailureAsync(string pod, string query, int code, string message, params string[] causes)
    {
        using var response = await rig.Admin.GetAsync(Path(pod) + query, Cancel);
        using var status = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(message, status.RootElement.GetProperty("message").GetString());
        Assert.Equal(code, (int)response.StatusCode);
        Assert.Equal(
            ("Failure", code, code switch { 400 => "BadRequest", 404 => "NotFound", _ => "Invalid" }),
            (status.RootElement.GetProperty("status").GetString(), status.RootElement.GetProperty("code").GetInt32(), status.RootElement.GetProperty("reason").GetString()));
        var told = status.RootElement.TryGetProperty("details", out var details) && details.TryGetProperty("causes", out var list) ? list.EnumerateArray().ToArray() : [];
        Assert.Equal(causes, told.Select(cause => $"{Text(cause, "reason")}|{Text(cause, "field")}|{Text(cause, "message")}"));
    }

    private static string? Text(JsonElement cause, string name) => cause.TryGetProperty(name, out var value) ? value.GetString() : "";
}

using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.ApiServer.Tests.Logs;
using Cluster.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cluster.ApiServer.Tests.Proxy;

/// <summary>What the server passes on to kubelets, and what it answers by itself.</summary>
public sealed class ProxyConnectorTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Exec_IsLedToTheKubelet_AndCarriesBytesBothWays()
    {
        await using var kubelet = await rig.StartKubeletAsync("node-exec");
        await rig.AddPodAsync("exec", "node-exec", "main");
        IHeaderDictionary? seen = null;
        kubelet.Answer = async context =>
        {
            seen = context.Request.Headers;
            context.Response.Headers["X-Stream-Protocol-Version"] = "v4.channel.k8s.io";
            context.Response.Headers.Upgrade = "SPDY/3.1";
            await using var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            await stream.CopyToAsync(stream);
        };

        using var client = Invoker();
        using var response = await client.SendAsync(Upgrade("exec", "exec?command=sh&command=-c&command=a%20b%26c&stdin=true&stdout=1&stderr=false&tty=true"), Cancel);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, response.StatusCode);
        Assert.Equal("v4.channel.k8s.io", response.Headers.GetValues("X-Stream-Protocol-Version").Single());
        Assert.Equal("SPDY/3.1", response.Headers.GetValues("Upgrade").Single());
        await using var stream = await response.Content.ReadAsStreamAsync(Cancel);
        var sent = RandomNumberGenerator.GetBytes(1_000_000);
        var sending = stream.WriteAsync(sent, Cancel);
        var received = new byte[sent.Length];
        await stream.ReadExactlyAsync(received, Cancel);
        await sending;

        Assert.True(sent.AsSpan().SequenceEqual(received));
        Assert.Matches(@"^/exec/default/exec/[0-9a-f-]{36}/main\?input=1&output=1&tty=1&command=sh&command=-c&command=a%20b%26c$", kubelet.LastRequest);
        Assert.False(seen!.ContainsKey("Authorization"));
        Assert.Equal(["v4.channel.k8s.io", "v3.channel.k8s.io"], seen["X-Stream-Protocol-Version"].SelectMany(value => value!.Split(", ")));
    }

    [Fact]
    public async Task Client_ThatCloses_EndsTheKubeletsConnection()
    {
        await using var kubelet = await rig.StartKubeletAsync("node-close");
        await rig.AddPodAsync("close", "node-close", "main");
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        kubelet.Answer = async context =>
        {
            context.Response.Headers.Upgrade = "SPDY/3.1";
            await using var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            try
            {
                while (await stream.ReadAsync(new byte[10]) > 0)
                {
                }
            }
            catch (IOException)
            {
            }

            ended.SetResult();
        };

        using (var client = Invoker())
        {
            using var response = await client.SendAsync(Upgrade("close", "attach?stdout=1"), Cancel);
            Assert.Equal(HttpStatusCode.SwitchingProtocols, response.StatusCode);
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
    }

    [Fact]
    public async Task PortForward_NamesThePodByUid()
    {
        await using var kubelet = await rig.StartKubeletAsync("node-forward");
        await rig.AddPodAsync("forward", "node-forward", "main");
        kubelet.Answer = context =>
        {
            context.Response.StatusCode = 500;
            return context.Response.WriteAsync("not today");
        };

        using var client = Invoker();
        using var response = await client.SendAsync(Upgrade("forward", "portforward?ports=80&ports=81"), Cancel);

        Assert.Equal((HttpStatusCode.InternalServerError, "not today"), (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel)));
        Assert.Matches(@"^/portForward/default/forward/[0-9a-f-]{36}\?port=80&port=81$", kubelet.LastRequest);
    }

    [Fact]
    public async Task Requests_ThatCannotBe_AreAnsweredInKubernetesWords()
    {
        await rig.AddPodAsync("unbound", "", "main");
        await rig.AddPodAsync("two", "", "a", "b");

        await AssertFailureAsync(HttpMethod.Post, "pods/unbound/exec?command=x&stdout=1", 400, "pod unbound does not have a host assigned");
        await AssertFailureAsync(HttpMethod.Get, "pods/unbound/portforward", 400, "pod unbound does not have a host assigned");
        await AssertFailureAsync(HttpMethod.Post, "pods/two/exec?command=x&stdout=1", 400, "a container name must be specified for pod two, choose one of: [a b]");
        await AssertFailureAsync(HttpMethod.Post, "pods/two/attach?container=c", 400, "container c is not valid for pod two");
        await AssertFailureAsync(HttpMethod.Post, "pods/none/exec?command=x", 404, "pods \"none\" not found");
        await AssertFailureAsync(HttpMethod.Delete, "pods/two/exec", 405, "the server does not allow this method on the requested resource");
        await AssertFailureAsync(HttpMethod.Get, "pods/two/proxy/", 400, "invalid ip");
        await AssertFailureAsync(HttpMethod.Get, "services/none/proxy/", 404, "services \"none\" not found");
        await AssertFailureAsync(HttpMethod.Get, "pods/a:b:c:d/proxy/", 400, "invalid pod request \"a:b:c:d\"");
        await rig.AddPodAsync("bound", "node-nowhere", "main");
        await AssertFailureAsync(HttpMethod.Post, "pods/bound/exec?command=x&stdout=1", 400, "Upgrade request required");
    }

    [Fact]
    public async Task Exec_WithoutPermission_IsForbiddenByItsSubresource()
    {
        using var response = await rig.Anonymous.PostAsync("/api/v1/namespaces/default/pods/x/exec?command=id", null, Cancel);
        using var proxied = await rig.Anonymous.GetAsync("/api/v1/nodes/x/proxy/pods", Cancel);

        Assert.Contains("cannot create resource \\\"pods/exec\\\" in API group \\\"\\\" in the namespace \\\"default\\\"", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Contains("cannot get resource \\\"nodes/proxy\\\" in API group", await proxied.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_ThatDoesNotAnswer_IsAnErrorOfItsOwn()
    {
        // It takes connections, as far as the kernel goes, and says nothing: the wait for it ends after ten seconds.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        await rig.AddNodeAsync("node-silent", port);
        await rig.AddPodAsync("silent", "node-silent", "main");

        using var invoker = Invoker();
        var attaching = invoker.SendAsync(Upgrade("silent", "attach?stdout=1"), Cancel);
        await Task.WhenAll(
            AssertFailureAsync(HttpMethod.Get, "pods/silent/log", 500, $"Internal error occurred: Get \"https://127.0.0.1:{port}/containerLogs/default/silent/main\": dial tcp 127.0.0.1:{port}: i/o timeout"),
            attaching);

        using var attached = await attaching;
        Assert.Equal(HttpStatusCode.InternalServerError, attached.StatusCode);
        Assert.Contains($"error dialing backend: dial tcp 127.0.0.1:{port}: i/o timeout", await attached.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NodeProxy_PassesPathQueryBodyAndRedirects()
    {
        await using var kubelet = await rig.StartKubeletAsync("node-proxy");
        kubelet.Answer = async context =>
        {
            if (context.Request.Path == "/moved")
            {
                context.Response.Redirect("/there?x=1");
                return;
            }

            context.Response.Headers["X-Kubelet"] = context.Request.Headers.Authorization.Count == 0 ? "no token" : "token";
            context.Response.StatusCode = 202;
            using var body = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync(context.Request.Method + " " + await body.ReadToEndAsync());
        };
        using var invoker = Invoker();
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(rig.Url, "/api/v1/nodes/node-proxy/proxy/a%2Fb/c%20d/?q=1&q=2"));
        request.Content = new StringContent(new string('x', 4_000_000));
        request.Headers.TryAddWithoutValidation("X-Other", "kept");

        using var answer = await invoker.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal(4_000_004, (await answer.Content.ReadAsStringAsync(Cancel)).Length);
        Assert.Equal("no token", answer.Headers.GetValues("X-Kubelet").Single());
        Assert.Equal("/a%2Fb/c%20d/?q=1&q=2", kubelet.LastRequest);

        using var moved = await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(rig.Url, "/api/v1/nodes/node-proxy/proxy/moved")), Cancel);
        Assert.Equal("/api/v1/nodes/node-proxy/proxy/there?x=1", moved.Headers.Location?.OriginalString);
        using var bare = await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(rig.Url, "/api/v1/nodes/node-proxy/proxy")), Cancel);
        Assert.Equal((HttpStatusCode.MovedPermanently, "/api/v1/nodes/node-proxy/proxy/"), (bare.StatusCode, bare.Headers.Location?.OriginalString));
    }

    [Fact]
    public async Task Discovery_NamesTheSubresources()
    {
        using var list = JsonDocument.Parse(await rig.Admin.GetStringAsync("/api/v1", Cancel));
        var verbs = list.RootElement.GetProperty("resources").EnumerateArray().ToDictionary(
            resource => resource.GetProperty("name").GetString()!,
            resource => string.Join(',', resource.GetProperty("verbs").EnumerateArray().Select(verb => verb.GetString())));

        foreach (var name in (string[])["pods/exec", "pods/attach", "pods/portforward"])
            Assert.Equal("create,get", verbs[name]);
        foreach (var name in (string[])["pods/proxy", "services/proxy", "nodes/proxy"])
            Assert.Equal("create,delete,get,patch,update", verbs[name]);
    }

    private HttpRequestMessage Upgrade(string pod, string rest)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(rig.Url, $"/api/v1/namespaces/default/pods/{pod}/{rest}"));
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "SPDY/3.1");
        request.Headers.TryAddWithoutValidation("X-Stream-Protocol-Version", ["v4.channel.k8s.io", "v3.channel.k8s.io"]);
        request.Headers.TryAddWithoutValidation("Cookie", "a=b");
        return request;
    }

    /// <summary>As an administrator over HTTP/1.1; redirects are not followed.</summary>
    private HttpMessageInvoker Invoker()
    {
        var handler = rig.Handler("admin");
        handler.AllowAutoRedirect = false;
        return new HttpMessageInvoker(handler);
    }

    private async Task AssertFailureAsync(HttpMethod method, string path, int code, string message)
    {
        using var request = new HttpRequestMessage(method, new Uri(rig.Url, "/api/v1/namespaces/default/" + path));
        using var response = await rig.Admin.SendAsync(request, Cancel);
        using var status = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal((code, message), ((int)response.StatusCode, status.RootElement.GetProperty("message").GetString()));
    }
}

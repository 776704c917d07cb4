using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Hosting;

public sealed class ApiServerTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Request_OfTheAdministrator_IsAnsweredInEitherVersion(string version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await rig.Admin.SendAsync(request, Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(Version.Parse(version), response.Version);
        Assert.Contains("\"NamespaceList\"", await response.Content.ReadAsStringAsync(Cancel));
    }

    [Theory]
    [InlineData("/api/v1/namespaces/default/pods", "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"", """{"kind":"pods"}""")]
    [InlineData("/apis/apps/v1/deployments", "deployments.apps is forbidden: User \"system:anonymous\" cannot list resource \"deployments\" in API group \"apps\" at the cluster scope", """{"group":"apps","kind":"deployments"}""")]
    [InlineData("/api/v1/namespaces/default/pods?watch=true", "pods is forbidden: User \"system:anonymous\" cannot watch resource \"pods\" in API group \"\" in the namespace \"default\"", """{"kind":"pods"}""")]
    [InlineData("/apis", "forbidden: User \"system:anonymous\" cannot get path \"/apis\"", """{}""")]
    [InlineData("/metrics", "forbidden: User \"system:anonymous\" cannot get path \"/metrics\"", """{}""")]
    public async Task Request_WithoutCredentials_IsForbidden(string path, string message, string details)
    {
        using var response = await rig.Anonymous.GetAsync(path, Cancel);

        await AssertStatusAsync(response, 403, "Forbidden", message);
        Assert.Equal(details, JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["details"]!.ToJsonString());
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    [InlineData("/version")]
    public async Task Request_ForHealthOrVersion_NeedsNoCredentials(string path)
    {
        using var response = await rig.Anonymous.GetAsync(path, Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Request_WithAnUnknownToken_IsUnauthorized()
    {
        using var client = rig.Client(null, token: "guess");
        using var response = await client.GetAsync("/healthz", Cancel);

        await AssertStatusAsync(response, 401, "Unauthorized", "Unauthorized");
    }

    [Fact]
    public async Task Request_WithACertificateOfAnotherAuthority_IsUnauthorized()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new CertificateRequest("O=system:masters, CN=intruder", key, HashAlgorithmName.SHA256);
        using var certificate = subject.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(90));
        var handler = rig.Handler(null);
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        using var client = new HttpClient(handler) { BaseAddress = rig.Url };
        using var response = await client.GetAsync("/api/v1/namespaces", Cancel);

        await AssertStatusAsync(response, 401, "Unauthorized", "Unauthorized");
    }

    [Fact]
    public async Task Request_OfAServerCertificateAsClient_IsUnauthorized()
    {
        using var client = rig.Client("apiserver");
        using var response = await client.GetAsync("/api/v1/namespaces", Cancel);

        await AssertStatusAsync(response, 401, "Unauthorized", "Unauthorized");
    }

    [Theory]
    [InlineData("scheduler-client")]
    [InlineData("controller-manager-client")]
    [InlineData("proxy-client")]
    [InlineData("kubelet-client")]
    public async Task Request_OfAComponent_IsAllowed(string leaf)
    {
        using var client = rig.Client(leaf);
        using var response = await client.GetAsync("/api/v1/nodes?fieldSelector=metadata.name%3Dnode-a", Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Request_WithABodyOverTheLimit_IsRefused()
    {
        using var body = new ByteArrayContent(new byte[4 * 1024 * 1024]);
        body.Headers.ContentType = new("application/json");
        using var response = await rig.Admin.PostAsync("/api/v1/namespaces", body, Cancel);

        await AssertStatusAsync(response, 413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728");
    }

    [Fact]
    public async Task Request_ForAnUnknownPath_IsNotFound()
    {
        using var response = await rig.Admin.GetAsync("/nowhere", Cancel);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("404 page not found\n", await response.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task Readyz_Verbose_ListsItsChecks()
    {
        var text = await rig.Admin.GetStringAsync("/readyz?verbose", Cancel);

        Assert.Equal("[+]ping ok\n[+]etcd ok\n[+]informer-sync ok\n[+]shutdown ok\nreadyz check passed\n", text);
        Assert.Equal("ok", await rig.Admin.GetStringAsync("/readyz/etcd", Cancel));
    }

    [Fact]
    public async Task Metrics_AfterRequests_CountThem()
    {
        await rig.Admin.GetStringAsync("/api/v1/services", Cancel);
        var text = await rig.Admin.GetStringAsync("/metrics", Cancel);

        Assert.Contains("apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"services\",scope=\"cluster\",subresource=\"\",verb=\"LIST\",version=\"v1\"}", text);
        Assert.Contains("# TYPE apiserver_request_duration_seconds histogram\n", text);
        Assert.Contains("etcd_request_duration_seconds_count{operation=\"create\",type=\"serviceaccounts\"} ", text);
        Assert.Contains("process_resident_memory_bytes ", text);
    }

    [Fact]
    public async Task StartAsync_TakenPort_IsOneClearLine()
    {
        var failure = await Assert.ThrowsAsync<IOException>(() => rig.StartAsync(rig.Url.Port));

        Assert.Equal($"cannot listen on 127.0.0.1:{rig.Url.Port}: another process has the port", failure.Message);
    }

    [Fact]
    public async Task DisposeAsync_WithAnOpenWatch_EndsItsStream()
    {
        var second = await rig.StartAsync(FreePort.Tcp());
        using var client = new HttpClient(rig.Handler("admin")) { BaseAddress = second.Url };
        using var response = await client.GetAsync("/api/v1/configmaps?watch=true", HttpCompletionOption.ResponseHeadersRead, Cancel);
        await using var body = await response.Content.ReadAsStreamAsync(Cancel);
        using var reader = new StreamReader(body);
        var rest = reader.ReadToEndAsync(Cancel);

        await second.DisposeAsync();

        // The end of the stream, not a broken connection: that would throw here.
        await rest;
        Assert.True(second.Completion.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Request_MalformedJson_IsABadRequestAndTheServerGoesOn()
    {
        using var body = new StringContent("{\"metadata\":", Encoding.UTF8, "application/json");
        using var response = await rig.Admin.PostAsync("/api/v1/namespaces", body, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("ok", await rig.Admin.GetStringAsync("/healthz", Cancel));
    }

    private static async Task AssertStatusAsync(HttpResponseMessage response, int code, string reason, string message)
    {
        using var status = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(message, status.RootElement.GetProperty("message").GetString());
        Assert.Equal(reason, status.RootElement.GetProperty("reason").GetString());
        Assert.Equal(code, status.RootElement.GetProperty("code").GetInt32());
        Assert.Equal("Status", status.RootElement.GetProperty("kind").GetString());
        Assert.Equal("Failure", status.RootElement.GetProperty("status").GetString());
        Assert.Equal(code, (int)response.StatusCode);
    }
}

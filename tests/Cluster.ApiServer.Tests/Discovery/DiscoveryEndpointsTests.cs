using System.Net.Http.Headers;
using System.Text.Json;
using Cluster.ApiServer.Tests.Hosting;

namespace Cluster.ApiServer.Tests.Discovery;

public sealed class DiscoveryEndpointsTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private const string AggregatedBeta = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Aggregated + "," + AggregatedBeta + ",application/json", Aggregated, "apidiscovery.k8s.io/v2")]
    [InlineData(AggregatedBeta + ",application/json", AggregatedBeta, "apidiscovery.k8s.io/v2beta1")]
    public async Task Apis_AskedForTheAggregatedForm_AnswersInIt(string accept, string contentType, string apiVersion)
    {
        using var document = await GetAsync("/apis", accept, contentType);
        var apps = document.RootElement.GetProperty("items").EnumerateArray().Single(item => item.GetProperty("metadata").GetProperty("name").GetString() == "apps");
        var deployments = apps.GetProperty("versions")[0].GetProperty("resources").EnumerateArray()
            .Single(resource => resource.GetProperty("resource").GetString() == "deployments");

        Assert.Equal(apiVersion, document.RootElement.GetProperty("apiVersion").GetString());
        Assert.Equal("APIGroupDiscoveryList", document.RootElement.GetProperty("kind").GetString());
        Assert.Equal("Current", apps.GetProperty("versions")[0].GetProperty("freshness").GetString());
        Assert.Equal("Namespaced", deployments.GetProperty("scope").GetString());
        Assert.Equal("Deployment", deployments.GetProperty("responseKind").GetProperty("kind").GetString());
        Assert.Equal(["deploy"], deployments.GetProperty("shortNames").EnumerateArray().Select(name => name.GetString()));
        Assert.Contains(deployments.GetProperty("subresources").EnumerateArray(), sub => sub.GetProperty("subresource").GetString() == "scale");
    }

    [Fact]
    public async Task Api_AskedForTheAggregatedForm_HoldsTheCoreGroupAlone()
    {
        using var document = await GetAsync("/api", Aggregated, Aggregated);
        var group = Assert.Single(document.RootElement.GetProperty("items").EnumerateArray());

        Assert.Contains(group.GetProperty("versions")[0].GetProperty("resources").EnumerateArray(), resource => resource.GetProperty("resource").GetString() == "pods");
    }

    [Fact]
    public async Task Api_Plain_TellsVersionsAndAddress()
    {
        using var document = await GetAsync("/api", "application/json", "application/json");

        Assert.Equal("APIVersions", document.RootElement.GetProperty("kind").GetString());
        Assert.Equal("v1", document.RootElement.GetProperty("versions")[0].GetString());
        Assert.Equal($"127.0.0.1:{rig.Url.Port}", document.RootElement.GetProperty("serverAddressByClientCIDRs")[0].GetProperty("serverAddress").GetString());
    }

    [Fact]
    public async Task CoreResources_Plain_ListSubresourcesAndHashes()
    {
        using var document = await GetAsync("/api/v1", "application/json", "application/json");
        var resources = document.RootElement.GetProperty("resources").EnumerateArray().ToDictionary(resource => resource.GetProperty("name").GetString()!);

        Assert.Equal("xPOwRZ+Yhw8=", resources["pods"].GetProperty("storageVersionHash").GetString());
        Assert.Equal("autoscaling", resources["replicationcontrollers/scale"].GetProperty("group").GetString());
        Assert.Equal("Scale", resources["replicationcontrollers/scale"].GetProperty("kind").GetString());
        Assert.Equal("pod", resources["pods"].GetProperty("singularName").GetString());
        Assert.True(resources.ContainsKey("pods/log"));
    }

    [Fact]
    public async Task Group_ByItsPath_TellsItsPreferredVersion()
    {
        using var document = await GetAsync("/apis/apps", "application/json", "application/json");

        Assert.Equal("apps/v1", document.RootElement.GetProperty("preferredVersion").GetProperty("groupVersion").GetString());
    }

    [Fact]
    public async Task Root_ListsPathsThatAnswer()
    {
        using var document = await GetAsync("/", "application/json", "application/json");
        var paths = document.RootElement.GetProperty("paths").EnumerateArray().Select(path => path.GetString()!).ToList();

        Assert.Contains("/apis/apps/v1", paths);
        foreach (var path in paths)
        {
            using var response = await rig.Admin.GetAsync(path, Cancel);
            Assert.True(response.IsSuccessStatusCode, path);
        }
    }

    [Fact]
    public async Task Version_IsWrittenAsItIsRead() =>
        Assert.Contains("\"gitVersion\":\"v1.32.3+cluster.", await rig.Admin.GetStringAsync("/version", Cancel));

    [Fact]
    public async Task Document_WithItsEtag_IsNotSentAgain()
    {
        using var first = await rig.Admin.GetAsync("/openapi/v3", Cancel);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v3");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await rig.Admin.SendAsync(request, Cancel);

        Assert.Equal(System.Net.HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task OpenApiV3Index_LeadsToDocuments()
    {
        using var index = await GetAsync("/openapi/v3", "application/json", "application/json");
        foreach (var path in index.RootElement.GetProperty("paths").EnumerateObject())
        {
            using var document = await GetAsync(path.Value.GetProperty("serverRelativeURL").GetString()!, "application/json", "application/json");
            Assert.StartsWith("3.0", document.RootElement.GetProperty("openapi").GetString());
        }
    }

    private async Task<JsonDocument> GetAsync(string path, string accept, string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await rig.Admin.SendAsync(request, Cancel);
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(MediaTypeHeaderValue.Parse(contentType), response.Content.Headers.ContentType);
        return JsonDocument.Parse(await response.Content.ReadAsStreamAsync(Cancel));
    }
}

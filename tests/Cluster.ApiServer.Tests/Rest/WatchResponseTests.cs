using System.Buffers.Binary;
using System.Net;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Cluster.ApiServer.Tests.Registry;

namespace Cluster.ApiServer.Tests.Rest;

public sealed class WatchResponseTests : IAsyncLifetime
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private RestRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await RestRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Watch_Json_IsAnObjectALine()
    {
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("one"));
        using var response = await OpenAsync("?watch=true");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = JsonNode.Parse((await lines.ReadLineAsync())!)!;
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("two"));
        var second = JsonNode.Parse((await lines.ReadLineAsync())!)!;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("ADDED", (string)first["type"]!);
        Assert.Equal("ConfigMap", (string)first["object"]!["kind"]!);
        Assert.Equal("two", (string)second["object"]!["metadata"]!["name"]!);
    }

    [Fact]
    public async Task Watch_TimeoutSeconds_EndsTheStream()
    {
        using var response = await OpenAsync("?watch=1&timeoutSeconds=1&resourceVersion=0");

        Assert.Equal("", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Watch_ForMonths_IsWatchedLikeAnyOther()
    {
        using var response = await OpenAsync("?watch=1&timeoutSeconds=5000000000");
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("late"));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        Assert.Contains("\"late\"", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_Protobuf_IsLengthDelimitedFrames()
    {
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("one"));
        using var response = await OpenAsync("?watch=true", "application/vnd.kubernetes.protobuf;stream=watch");
        await using var stream = await response.Content.ReadAsStreamAsync();
        var length = new byte[4];
        await stream.ReadExactlyAsync(length);
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(frame);
        var change = WatchEvent.Parser.ParseFrom(frame);

        Assert.Equal("application/vnd.kubernetes.protobuf", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("ADDED", change.Type);
        Assert.Equal("one", Envelope.Decode<ConfigMap>(change.Object.Raw.Memory).Metadata.Name);
    }

    [Fact]
    public async Task Watch_AsTable_SendsColumnsOnce()
    {
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("one"));
        using var response = await OpenAsync("?watch=true", "application/json;as=Table;v=v1;g=meta.k8s.io");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = JsonNode.Parse((await lines.ReadLineAsync())!)!["object"]!;
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("two"));
        var second = JsonNode.Parse((await lines.ReadLineAsync())!)!["object"]!;

        Assert.Equal("Table", (string)first["kind"]!);
        Assert.NotEmpty(first["columnDefinitions"]!.AsArray());
        Assert.Null(second["columnDefinitions"]);
        Assert.Equal("two", (string)second["rows"]![0]!["cells"]![0]!);
    }

    [Fact]
    public async Task Watch_AsPartialObjectMetadata_SendsMetadataAlone()
    {
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("one"));
        using var response = await OpenAsync("?watch=true", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = JsonNode.Parse((await lines.ReadLineAsync())!)!["object"]!;

        Assert.Equal(("PartialObjectMetadata", "meta.k8s.io/v1", "one"), ((string)first["kind"]!, (string)first["apiVersion"]!, (string)first["metadata"]!["name"]!));
        Assert.Null(first["data"]);
    }

    [Fact]
    public async Task Watch_SendInitialEvents_MarksTheirEndAndGoesOn()
    {
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("old"));
        using var response = await OpenAsync("?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var first = JsonNode.Parse((await lines.ReadLineAsync())!)!;
        var mark = JsonNode.Parse((await lines.ReadLineAsync())!)!;
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("new"));
        var next = JsonNode.Parse((await lines.ReadLineAsync())!)!;

        Assert.Equal(("ADDED", "BOOKMARK", "ADDED"), ((string)first["type"]!, (string)mark["type"]!, (string)next["type"]!));
        Assert.Equal("true", (string)mark["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!);
        Assert.Equal("new", (string)next["object"]!["metadata"]!["name"]!);
    }

    [Fact]
    public async Task Watch_Protobuf_LargerThanAStep_IsOneFrame()
    {
        await _rig.Core.CreateAsync(RegistryRig.ConfigMap("large", new string('x', 500_000)));
        using var response = await OpenAsync("?watch=true", "application/vnd.kubernetes.protobuf;stream=watch");
        await using var stream = await response.Content.ReadAsStreamAsync();
        var length = new byte[4];
        await stream.ReadExactlyAsync(length);
        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(frame);

        var map = Envelope.Decode<ConfigMap>(WatchEvent.Parser.ParseFrom(frame).Object.Raw.Memory);
        Assert.Equal(("large", 500_000), (map.Metadata.Name, map.Data["key"].Length));
    }

    [Fact]
    public async Task Watch_TooOld_IsAnErrorEvent()
    {
        await using var forgetful = await RestRig.StartAsync(withoutHistory: true);
        using var response = await forgetful.Client.GetAsync(new Uri(ConfigMaps + "?watch=true&resourceVersion=1&timeoutSeconds=5", UriKind.Relative));
        var failure = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("ERROR", (string)failure["type"]!);
        var status = failure["object"]!;
        Assert.Equal(("Status", "Failure", "Expired", 410), ((string)status["kind"]!, (string)status["status"]!, (string)status["reason"]!, (int)status["code"]!));
        Assert.Matches(@"^too old resource version: 1 \(\d+\)$", (string)status["message"]!);
        Assert.Null(status["details"]);
    }

    [Fact]
    public async Task Watch_MatchWithoutInitialEvents_IsInvalid()
    {
        using var refused = await OpenAsync("?watch=true&resourceVersionMatch=NotOlderThan&resourceVersion=1");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
    }

    [Fact]
    public async Task List_Protobuf_HoldsTheSameObjectsAsJson()
    {
        foreach (var name in new[] { "a", "b" })
            await _rig.Core.CreateAsync(RegistryRig.ConfigMap(name));
        using var request = new HttpRequestMessage(HttpMethod.Get, ConfigMaps);
        request.Headers.TryAddWithoutValidation("Accept", "application/vnd.kubernetes.protobuf,application/json");
        using var response = await _rig.Client.SendAsync(request);
        var list = Envelope.Decode<ConfigMapList>(await response.Content.ReadAsByteArrayAsync());
        var (_, json) = await _rig.GetAsync(ConfigMaps);

        Assert.Equal(["a", "b"], list.Items.Select(item => item.Metadata.Name));
        Assert.Equal((string)json["items"]![1]!["metadata"]!["resourceVersion"]!, list.Items[1].Metadata.ResourceVersion);
        Assert.Equal((string)json["metadata"]!["resourceVersion"]!, list.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task List_Large_IsCompressedOnRequest()
    {
        for (var i = 0; i < 10; i++)
            await _rig.Core.CreateAsync(RegistryRig.ConfigMap($"m{i}", new string('x', 20_000)));
        using var request = new HttpRequestMessage(HttpMethod.Get, ConfigMaps);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var response = await _rig.Client.SendAsync(request);
        await using var unzipped = new System.IO.Compression.GZipStream(
            await response.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
        var list = (await JsonNode.ParseAsync(unzipped))!;

        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        Assert.Equal(10, list["items"]!.AsArray().Count);
    }

    private async Task<HttpResponseMessage> OpenAsync(string query, string accept = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, ConfigMaps + query);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await _rig.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }
}

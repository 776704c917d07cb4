using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.CustomResources;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Storage;
using Cluster.Storage.Embedded;
using Cluster.Storage.Transforming;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Upgrades;

/// <summary>A store that an earlier program wrote opens with this one, and all that is in it is there.</summary>
/// <remarks>
/// The archives are named after the month of the program that wrote them, and are never written again: CLUSTER_WRITE_OLD_DATA=FILE makes one more with
/// the program as it is, when the form of what is stored changes.
/// </remarks>
public sealed class OldDataTests : IDisposable
{
    private const string Group = "old.example.com";
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    private readonly TempDirectory _folder = new();

    public static TheoryData<string> Archives => [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Upgrades"), "*.zip").Select(path => Path.GetFileName(path))];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Archives))]
    public async Task Store_OfAnEarlierProgram_IsReadAndWritten(string archive)
    {
        await ZipFile.ExtractToDirectoryAsync(Path.Combine(AppContext.BaseDirectory, "Upgrades", archive), _folder.Path, Cancel);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder.File("keys"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var rig = new ApiServerRig { OpenStore = OpenAsync };
        await rig.InitializeAsync();

        Assert.Equal("value", (string?)(await GetAsync(rig, Maps + "/map"))["data"]!["key"]);
        Assert.Equal(Convert.ToBase64String("hidden"u8), (string?)(await GetAsync(rig, "/api/v1/namespaces/default/secrets/secret"))["data"]!["key"]);
        Assert.Equal("i", (string?)(await GetAsync(rig, "/api/v1/namespaces/default/pods/pod"))["spec"]!["containers"]![0]!["image"]);
        Assert.Equal("10.96.0.77", (string?)(await GetAsync(rig, "/api/v1/namespaces/default/services/service"))["spec"]!["clusterIP"]);
        await Eventually.True(async () => (await rig.Admin.GetAsync(CustomRig.Path(Group), Cancel)).IsSuccessStatusCode);
        Assert.Equal(3, (int)(await GetAsync(rig, CustomRig.Path(Group) + "/widget"))["spec"]!["size"]!);

        // The address is taken as before, and what is there can be changed.
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await PostAsync(rig, "/api/v1/namespaces/default/services", """{"metadata":{"name":"second"},"spec":{"clusterIP":"10.96.0.77","ports":[{"port":80}]}}"""));
        var map = await GetAsync(rig, Maps + "/map");
        map["data"]!["key"] = "changed";
        using var body = new StringContent(map.ToJsonString(), Encoding.UTF8, "application/json");
        using var put = await rig.Admin.PutAsync(Maps + "/map", body, Cancel);
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
    }

    [Fact]
    public async Task Write()
    {
        var target = Environment.GetEnvironmentVariable("CLUSTER_WRITE_OLD_DATA");
        Assert.SkipWhen(string.IsNullOrEmpty(target), "CLUSTER_WRITE_OLD_DATA is not set");
        await using (var rig = new ApiServerRig { OpenStore = OpenAsync })
        {
            await rig.InitializeAsync();
            await CreateAsync(rig, Maps, """{"metadata":{"name":"map"},"data":{"key":"value"}}""");
            await CreateAsync(rig, "/api/v1/namespaces/default/secrets", """{"metadata":{"name":"secret"},"stringData":{"key":"hidden"}}""");
            await CreateAsync(rig, "/api/v1/namespaces/default/pods", """{"metadata":{"name":"pod"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
            await CreateAsync(rig, "/api/v1/namespaces/default/services", """{"metadata":{"name":"service"},"spec":{"clusterIP":"10.96.0.77","ports":[{"port":80}]}}""");
            await CreateAsync(rig, CustomRig.Definitions, CustomRig.Definition(Group, """{"type":"object","properties":{"size":{"type":"integer"}}}""").ToJsonString());
            await Eventually.True(async () => (await rig.Admin.GetAsync(CustomRig.Path(Group), Cancel)).IsSuccessStatusCode);
            await CreateAsync(rig, CustomRig.Path(Group), CustomRig.Widget(Group, "widget", """{"size":3}"""));
        }

        await ZipFile.CreateFromDirectoryAsync(_folder.Path, target!, Cancel);
    }

    private async Task<IStore> OpenAsync(string unused) => new TransformingStore(
        await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = _folder.File("store") }),
        [new AesGcmTransformer(AesGcmTransformer.Secrets, await EncryptionKeyRing.OpenAsync(_folder.File("keys"), Cancel))]);

    private static async Task<JsonNode> GetAsync(ApiServerRig rig, string path) => JsonNode.Parse(await rig.Admin.GetStringAsync(path, Cancel))!;

    private static async Task CreateAsync(ApiServerRig rig, string path, string body) => Assert.Equal(HttpStatusCode.Created, await PostAsync(rig, path, body));

    private static async Task<HttpStatusCode> PostAsync(ApiServerRig rig, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await rig.Admin.PostAsync(path, content, Cancel);
        return response.StatusCode;
    }
}

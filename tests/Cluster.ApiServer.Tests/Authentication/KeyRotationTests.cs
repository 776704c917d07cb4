using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Authentication;

/// <summary>A new key of service account tokens, while the server runs.</summary>
public sealed class KeyRotationTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rotate_NewTokensByTheNewKey_OldOnesStayGood()
    {
        var before = (await KeysAsync()).Single();
        var old = await TokenAsync();
        await rig.Pki.RotateServiceAccountKeyAsync(Cancel);
        await Eventually.True(async () => (await KeysAsync()).Count == 2);
        var fresh = await TokenAsync();

        var keys = await KeysAsync();
        Assert.Equal(before, keys[1]);
        Assert.Equal(keys[0], KeyOf(fresh));
        Assert.Equal(before, KeyOf(old));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(old));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(fresh));

        // Two rotations later the first key is gone, and its tokens with it.
        await rig.Pki.RotateServiceAccountKeyAsync(Cancel);
        await rig.Pki.RotateServiceAccountKeyAsync(Cancel);
        await Eventually.True(async () => !(await KeysAsync()).Contains(before));
        await Eventually.True(async () => await AskAsync(old) == HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Discovery_LetsOthersCheckTokens()
    {
        var metadata = JsonNode.Parse(await rig.Admin.GetStringAsync("/.well-known/openid-configuration", Cancel))!;
        using var keys = await rig.Admin.GetAsync((string)metadata["jwks_uri"]!, Cancel);

        Assert.Equal(ServiceAccountTokens.Issuer, (string?)metadata["issuer"]);
        Assert.Equal("""["ES256"]""", metadata["id_token_signing_alg_values_supported"]!.ToJsonString());
        Assert.Equal("application/jwk-set+json", keys.Content.Headers.ContentType!.MediaType);
        var first = JsonNode.Parse(await keys.Content.ReadAsStringAsync(Cancel))!["keys"]![0]!;
        Assert.Equal(("EC", "P-256", "sig"), ((string?)first["kty"], (string?)first["crv"], (string?)first["use"]));
    }

    private async Task<IReadOnlyList<string>> KeysAsync() =>
        [.. JsonNode.Parse(await rig.Admin.GetStringAsync("/openid/v1/jwks", Cancel))!["keys"]!.AsArray().Select(key => (string)key!["kid"]!)];

    private async Task<string> TokenAsync()
    {
        using var body = new StringContent("""{"spec":{}}""", Encoding.UTF8, "application/json");
        using var response = await rig.Admin.PostAsync("/api/v1/namespaces/default/serviceaccounts/default/token", body, Cancel);
        return (string)JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["status"]!["token"]!;
    }

    private async Task<HttpStatusCode> AskAsync(string token)
    {
        using var client = rig.Client(null, token);
        using var response = await client.GetAsync("/openapi/v3", Cancel);
        return response.StatusCode;
    }

    private static string KeyOf(string token) =>
        (string)JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[0]))!["kid"]!;
}

using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Testing;

namespace Cluster.Controllers.Tests.Server;

/// <summary>Secrets with tokens of service accounts, as people make them for what lives outside of the cluster.</summary>
public sealed class TokenSecretsOverServerTests(ServerRig rig) : IClassFixture<ServerRig>
{
    private const string Ns = "default";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_IsItsAccounts_UntilItsSecretIsGone()
    {
        await rig.Admin.CreateAsync(Account("outside"), Cancel);
        await rig.Admin.CreateAsync(TokenSecret("outside-token", "outside"), Cancel);
        var secret = await FilledAsync("outside-token");
        var token = secret.Data["token"].ToStringUtf8();

        Assert.Equal("default", secret.Data["namespace"].ToStringUtf8());
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", secret.Data["ca.crt"].ToStringUtf8(), StringComparison.Ordinal);
        var claims = JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))!;
        Assert.Equal(
            ("kubernetes/serviceaccount", "default", "outside-token", "outside", "system:serviceaccount:default:outside", null),
            ((string?)claims["iss"], (string?)claims["kubernetes.io/serviceaccount/namespace"], (string?)claims["kubernetes.io/serviceaccount/secret.name"],
                (string?)claims["kubernetes.io/serviceaccount/service-account.name"], (string?)claims["sub"], claims["exp"]));

        var (user, groups) = await WhoAsync(token);
        Assert.Equal("system:serviceaccount:default:outside", user);
        Assert.Equal(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"], groups);
        Assert.Equal(403, (await Assert.ThrowsAsync<StatusException>(() => rig.WithToken(token).ListAsync<Secret>(Ns, ListQuery.All, Cancel))).Code);

        // The day is noted once, whoever asks.
        var used = await rig.Admin.GetAsync<Secret>(Ns, "outside-token", Cancel);
        Assert.Equal(TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), used.Metadata.Labels["kubernetes.io/legacy-token-last-used"]);
        await Assert.ThrowsAsync<StatusException>(() => rig.WithToken(token).ListAsync<Pod>(Ns, ListQuery.All, Cancel));
        Assert.Equal(used.Metadata.ResourceVersion, (await rig.Admin.GetAsync<Secret>(Ns, "outside-token", Cancel)).Metadata.ResourceVersion);

        // The signature alone is not enough.
        await rig.Admin.DeleteAsync<Secret>(Ns, "outside-token", null, Cancel);
        await Eventually.True(async () => (await WhoAsync(token)).User.Length == 0);
    }

    [Fact]
    public async Task Token_OfASecretMarkedInvalid_IsNobodys()
    {
        await rig.Admin.CreateAsync(Account("replaced"), Cancel);
        await rig.Admin.CreateAsync(TokenSecret("replaced-token", "replaced"), Cancel);
        var secret = await FilledAsync("replaced-token");
        var token = secret.Data["token"].ToStringUtf8();
        Assert.NotEqual("", (await WhoAsync(token)).User);

        await rig.Admin.PatchAsync<Secret>(
            Ns, "replaced-token", PatchBody.Merge("""{"metadata":{"labels":{"kubernetes.io/legacy-token-invalid-since":"2026-01-01"}}}"""), null, Cancel);
        await Eventually.True(async () => (await WhoAsync(token)).User.Length == 0);
    }

    [Fact]
    public async Task Secret_GoesWithItsAccount()
    {
        await rig.Admin.CreateAsync(Account("leaving"), Cancel);
        await rig.Admin.CreateAsync(TokenSecret("leaving-token", "leaving"), Cancel);
        await FilledAsync("leaving-token");
        await rig.Admin.DeleteAsync<ServiceAccount>(Ns, "leaving", null, Cancel);

        await Eventually.True(async () => (await rig.Admin.ListAsync<Secret>(Ns, ListQuery.All, Cancel)).Items.All(one => one.Metadata.Name != "leaving-token"));
    }

    [Fact]
    public async Task Secret_ThatNamesNoAccount_IsRefused()
    {
        var failure = await Assert.ThrowsAsync<StatusException>(() => rig.Admin.CreateAsync(TokenSecret("lost", ""), Cancel));

        Assert.Equal("Secret \"lost\" is invalid: metadata.annotations[kubernetes.io/service-account.name]: Required value", failure.Message);
    }

    private async Task<Secret> FilledAsync(string name)
    {
        Secret secret = null!;
        await Eventually.True(async () => (secret = await rig.Admin.GetAsync<Secret>(Ns, name, Cancel)).Data.ContainsKey("token"));
        return secret;
    }

    /// <summary>Whose the server says a token is; nobody: an empty name.</summary>
    private async Task<(string User, IReadOnlyList<string> Groups)> WhoAsync(string token)
    {
        var review = await rig.Admin.CreateAsync(new TokenReview { Metadata = new(), Spec = new TokenReviewSpec { Token = token } }, Cancel);
        return (review.Status.User.Username, [.. review.Status.User.Groups]);
    }

    private static ServiceAccount Account(string name) => new() { Metadata = new() { Namespace = Ns, Name = name } };

    private static Secret TokenSecret(string name, string account) => new()
    {
        Metadata = new() { Namespace = Ns, Name = name, Annotations = { ["kubernetes.io/service-account.name"] = account } },
        Type = "kubernetes.io/service-account-token",
    };
}

using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Authentication;

/// <summary>Tokens of a provider that really answers, over TLS.</summary>
public sealed class OidcTokensTests(ApiServerRig rig) : IClassFixture<ApiServerRig>, IAsyncLifetime
{
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private SigningKey _key = null!;
    private WebApplication _provider = null!;
    private string _issuer = "";
    private int _fetched;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _key = SigningKey.FromPem(_rsa.ExportPkcs8PrivateKeyPem());
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 0, listen => listen.UseHttps(ApiServerRig.Load(rig.Pki.ServerCertificate, rig.Pki.ServerKey))));
        builder.Services.AddRoutingCore();
        _provider = builder.Build();
        _provider.UseRouting();
        _provider.MapGet("/.well-known/openid-configuration", (RequestDelegate)(context =>
            context.Response.WriteAsync($$"""{"issuer":"{{_issuer}}","jwks_uri":"{{_issuer}}/keys"}""", Cancel)));
        _provider.MapGet("/keys", (RequestDelegate)(context =>
        {
            Interlocked.Increment(ref _fetched);
            return context.Response.WriteAsync(new JsonObject { ["keys"] = new JsonArray(_key.ToJsonWebKey()) }.ToJsonString(), Cancel);
        }));
        await _provider.StartAsync(Cancel);
        _issuer = _provider.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        _key.Dispose();
        _rsa.Dispose();
    }

    [Fact]
    public async Task Token_OfTheProvider_IsItsUser()
    {
        using var tokens = Tokens(new OidcOptions(new Uri(_issuer), "kubernetes") { UsernameClaim = "email", GroupsClaim = "groups", GroupsPrefix = "oidc:" });

        var user = await tokens.AuthenticateAsync(Token(), Cancel);
        await tokens.AuthenticateAsync(Token(), Cancel);

        Assert.Equal("jane@example.com", user!.Name);
        Assert.Equal(["oidc:dev", "oidc:ops", "system:authenticated"], user.Groups);
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task Token_WithAnId_IsKnownByIt()
    {
        using var tokens = Tokens(new OidcOptions(new Uri(_issuer), "kubernetes"));

        Assert.Equal(["JTI=one"], (await tokens.AuthenticateAsync(Token(claims => claims["jti"] = "one"), Cancel))!.Extra["authentication.kubernetes.io/credential-id"]);
        Assert.Empty((await tokens.AuthenticateAsync(Token(), Cancel))!.Extra);
    }

    [Fact]
    public async Task Name_ThatIsNoAddress_BearsTheIssuer()
    {
        using var tokens = Tokens(new OidcOptions(new Uri(_issuer), "kubernetes"));
        using var plain = Tokens(new OidcOptions(new Uri(_issuer), "kubernetes") { UsernamePrefix = "-" });

        Assert.Equal($"{_issuer}#1234", (await tokens.AuthenticateAsync(Token(), Cancel))!.Name);
        Assert.Equal("1234", (await plain.AuthenticateAsync(Token(), Cancel))!.Name);
    }

    [Theory]
    [InlineData("aud", "another")]
    [InlineData("iss", "https://elsewhere.example")]
    [InlineData("exp", 1)]
    [InlineData("nbf", 99999999999)]
    [InlineData("email_verified", false)]
    [InlineData("email_verified", "false")]
    [InlineData("email_verified", "true")]
    [InlineData("email_verified", 1)]
    [InlineData("tenant", "wrong")]
    public async Task Token_ThatIsNotGood_IsNobodys(string claim, object value)
    {
        using var tokens = Tokens(new OidcOptions(new Uri(_issuer), "kubernetes")
        {
            UsernameClaim = "email", RequiredClaims = new Dictionary<string, string> { ["tenant"] = "right" },
        });

        Assert.Null(await tokens.AuthenticateAsync(Token(claims => claims[claim] = JsonValue.Create(value)), Cancel));
        Assert.NotNull(await tokens.AuthenticateAsync(Token(), Cancel));
    }

    [Fact]
    public async Task Token_SignedByAnotherOrNotAtAll_IsNobodys()
    {
        using var tokens = Tokens(new OidcOptions(new Uri(_issuer), "kubernetes"));
        using var foreign = RSA.Create(2048);
        using var key = SigningKey.FromPem(foreign.ExportPkcs8PrivateKeyPem());
        var token = Token();
        var unsigned = $"{System.Buffers.Text.Base64Url.EncodeToString("""{"alg":"none"}"""u8)}.{token.Split('.')[1]}.";

        Assert.Null(await tokens.AuthenticateAsync(JsonWebToken.Sign(Claims(), key), Cancel));
        Assert.Null(await tokens.AuthenticateAsync(unsigned, Cancel));
        Assert.Null(await tokens.AuthenticateAsync("no.such.token", Cancel));
    }

    private OidcTokens Tokens(OidcOptions options) => new(options with { AuthorityFile = rig.Pki.AuthorityCertificate }, _time, NullLogger.Instance);

    private string Token(Action<JsonObject>? change = null)
    {
        var claims = Claims();
        change?.Invoke(claims);
        return JsonWebToken.Sign(claims, _key);
    }

    private JsonObject Claims() => new()
    {
        ["iss"] = _issuer, ["aud"] = "kubernetes", ["sub"] = "1234", ["email"] = "jane@example.com", ["email_verified"] = true, ["groups"] = new JsonArray("dev", "ops"),
        ["tenant"] = "right", ["iat"] = _time.GetUtcNow().ToUnixTimeSeconds(), ["exp"] = _time.GetUtcNow().AddHours(1).ToUnixTimeSeconds(),
    };
}

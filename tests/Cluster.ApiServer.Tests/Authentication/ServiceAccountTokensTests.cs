using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Cluster.ApiServer.Authentication;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Authentication;

public sealed class ServiceAccountTokensTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public void Verify_OwnToken_ReturnsItsClaims(string algorithm)
    {
        using var key = NewKey(algorithm);
        var tokens = new ServiceAccountTokens(key, _time);
        var token = tokens.Issue("shop", "web", "uid-1", [], TimeSpan.FromHours(1), new BoundObject("Pod", "web-1", "uid-2"), "node-a");

        var claims = tokens.Verify(token);

        Assert.Equal(algorithm, key.Algorithm);
        Assert.NotNull(claims);
        Assert.Equal("system:serviceaccount:shop:web", claims.Subject);
        Assert.Equal("uid-1", claims.Uid);
        Assert.Equal(new BoundObject("Pod", "web-1", "uid-2"), claims.Bound);
        Assert.Equal("node-a", claims.NodeName);
    }

    [Fact]
    public void Verify_AfterExpiry_IsNull()
    {
        using var key = NewKey("ES256");
        var tokens = new ServiceAccountTokens(key, _time);
        var token = tokens.Issue("shop", "web", "uid-1", [], TimeSpan.FromHours(1), null, null);

        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull(tokens.Verify(token));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(tokens.Verify(token));
    }

    [Fact]
    public void Verify_OtherKeyOrChangedClaims_IsNull()
    {
        using var key = NewKey("ES256");
        using var other = NewKey("ES256");
        var tokens = new ServiceAccountTokens(key, _time);
        var token = tokens.Issue("shop", "web", "uid-1", [], TimeSpan.FromHours(1), null, null);
        var foreign = new ServiceAccountTokens(other, _time).Issue("shop", "web", "uid-1", [], TimeSpan.FromHours(1), null, null);
        var (parts, otherParts) = (token.Split('.'), foreign.Split('.'));

        Assert.Null(tokens.Verify(foreign));
        Assert.Null(tokens.Verify($"{parts[0]}.{otherParts[1]}.{parts[2]}"));
        Assert.Null(tokens.Verify("a.b.c"));
        Assert.Null(tokens.Verify(""));
    }

    [Fact]
    public void Verify_UnsignedToken_IsNull()
    {
        using var key = NewKey("ES256");
        var tokens = new ServiceAccountTokens(key, _time);
        var claims = tokens.Issue("shop", "web", "uid-1", [], TimeSpan.FromHours(1), null, null).Split('.')[1];
        var header = System.Buffers.Text.Base64Url.EncodeToString("""{"alg":"none"}"""u8);

        Assert.Null(tokens.Verify($"{header}.{claims}."));
    }

    [Fact]
    public void Verify_TokenThatNamesAnotherKey_IsNotCheckedByThisOne()
    {
        using var key = NewKey("ES256");
        var tokens = new ServiceAccountTokens(key, _time);
        var claims = tokens.Issue("shop", "web", "uid-1", [], TimeSpan.FromHours(1), null, null).Split('.')[1];

        Assert.NotNull(tokens.Verify(Signed("""{"alg":"ES256"}""")));
        Assert.NotNull(tokens.Verify(Signed($$"""{"alg":"ES256","kid":"{{key.KeyId}}"}""")));
        Assert.Null(tokens.Verify(Signed("""{"alg":"ES256","kid":"another"}""")));
        Assert.Null(tokens.Verify(Signed("""{"alg":"ES256","kid":1}""")));

        string Signed(string header)
        {
            var content = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{claims}";
            return $"{content}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(content)))}";
        }
    }

    [Fact]
    public void Verify_TokenForAnotherAudience_IsNull()
    {
        using var key = NewKey("ES256");
        var tokens = new ServiceAccountTokens(key, _time);

        Assert.Null(tokens.Verify(tokens.Issue("shop", "web", "uid-1", ["vault"], TimeSpan.FromHours(1), null, null)));
    }

    private static SigningKey NewKey(string algorithm)
    {
        using AsymmetricAlgorithm key = algorithm == "ES256" ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : RSA.Create(2048);
        return SigningKey.FromPem(key.ExportPkcs8PrivateKeyPem());
    }
}

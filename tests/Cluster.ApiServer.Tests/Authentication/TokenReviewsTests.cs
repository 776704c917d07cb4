using System.Security.Cryptography;
using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Tests.Admission;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Authentication;

public sealed class TokenReviewsTests : IDisposable
{
    private const string Own = ServiceAccountTokens.DefaultAudience;

    private readonly FakeTimeProvider _time = new();
    private readonly FakeObjects _objects = new();
    private readonly SigningKey _key;
    private readonly ServiceAccountTokens _issuer;
    private readonly ServiceAccountAuthenticator _accounts;
    private readonly CachedTokenAuthenticator _cached;

    public TokenReviewsTests()
    {
        using (var made = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            _key = SigningKey.FromPem(made.ExportPkcs8PrivateKeyPem());
        _issuer = new ServiceAccountTokens(_key, _time);
        _accounts = new ServiceAccountAuthenticator(_issuer, _objects, _time);
        _cached = new CachedTokenAuthenticator([new Static(), _accounts], _time);
        _objects.Cached.Add(new ServiceAccount { Metadata = new() { Namespace = "shop", Name = "web", Uid = "uid-1" } });
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _key.Dispose();

    /// <param name="meant">The token's audiences.</param>
    /// <param name="asked">The review's.</param>
    /// <param name="good">Those it is good for; empty: it is not.</param>
    [Theory]
    [InlineData("vault", "vault", "vault")]
    [InlineData("vault", "other,vault,vault", "vault")]
    [InlineData("vault,spire", "spire,vault", "spire,vault")]
    [InlineData("vault", Own + ",vault", "vault")]
    [InlineData("", Own + ",vault", Own)]
    [InlineData("", "", Own)]
    [InlineData("", "vault", "")]
    [InlineData("vault", "", "")]
    [InlineData("vault", Own, "")]
    public async Task PostAsync_TokenOfAudiences_IsGoodForThoseOfThemThatAsk(string meant, string asked, string good)
    {
        var token = _issuer.Issue("shop", "web", "uid-1", Split(meant), TimeSpan.FromHours(1), null, null);

        var status = await ReviewAsync(token, asked);

        Assert.Equal(good.Length > 0, status.Authenticated);
        Assert.Equal(Split(good), status.Audiences);
        Assert.Equal(good.Length > 0 ? "system:serviceaccount:shop:web" : "", status.User.Username);
        Assert.Equal(good.Length > 0 ? "" : "invalid bearer token", status.Error);
    }

    [Theory]
    [InlineData("", Own)]
    [InlineData("vault," + Own, Own)]
    [InlineData("vault", "")]
    public async Task PostAsync_TokenWithoutAudiences_IsThisServers(string asked, string good) =>
        Assert.Equal(Split(good), (await ReviewAsync(Static.Token, asked)).Audiences);

    [Fact]
    public async Task AuthenticateAsync_TokenForAnother_IsNobodysHere() =>
        Assert.Null(await _cached.AuthenticateAsync(_issuer.Issue("shop", "web", "uid-1", ["vault"], TimeSpan.FromHours(1), null, null), Cancel));

    /// <param name="uid">Of the node there now; null: there is none.</param>
    /// <param name="isGood">The token, which is bound to that of uid-2.</param>
    [Theory]
    [InlineData("uid-2", true)]
    [InlineData("uid-3", false)]
    [InlineData(null, false)]
    public async Task AuthenticateAsync_BoundToANode_IsGoodAsLongAsTheNodeIs(string? uid, bool isGood)
    {
        if (uid is not null)
            _objects.Cached.Add(new Node { Metadata = new() { Name = "n", Uid = uid } });
        var token = _issuer.Issue("shop", "web", "uid-1", [], TimeSpan.FromHours(1), new BoundObject("Node", "n", "uid-2"), "n", "uid-2");

        Assert.Equal(isGood, await _accounts.AuthenticateAsync(token, Cancel) is not null);
    }

    /// <summary>A finalizer may hold it for ever.</summary>
    [Fact]
    public async Task AuthenticateAsync_AccountThatIsBeingDeleted_IsNobodyAMinuteAfterItsEnd()
    {
        var token = _issuer.Issue("shop", "web", "uid-1", [], TimeSpan.FromHours(1), null, null);
        _objects.Cached[0].Metadata.DeletionTimestamp = _time.GetUtcNow().ToTime();

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(await _accounts.AuthenticateAsync(token, Cancel));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(await _accounts.AuthenticateAsync(token, Cancel));
    }

    private async Task<TokenReviewStatus> ReviewAsync(string token, string asked)
    {
        var review = new TokenReview { Metadata = new(), Spec = new TokenReviewSpec { Token = token } };
        review.Spec.Audiences.Add(Split(asked));
        await new TokenReviews(_cached, _accounts).PostAsync(FakeObjects.Create(review).Scope, review, Cancel);
        return review.Status;
    }

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private sealed class Static : ITokenAuthenticator
    {
        public const string Token = "static";

        public ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken) =>
            new(token == Token ? new UserIdentity("jane", "", [], new Dictionary<string, IReadOnlyList<string>>()) : null);
    }
}

using Cluster.ApiServer.Authentication;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Authentication;

public sealed class CachedTokenAuthenticatorTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Source _source = new();

    [Fact]
    public async Task AuthenticateAsync_SameTokenSoonAgain_IsNotAskedAgain()
    {
        var cached = new CachedTokenAuthenticator([_source], _time);
        await cached.AuthenticateAsync("good", TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(9));
        var user = await cached.AuthenticateAsync("good", TestContext.Current.CancellationToken);

        Assert.Equal("user", user?.Name);
        Assert.Equal(1, _source.Calls);
    }

    [Fact]
    public async Task AuthenticateAsync_RevokedToken_FailsAfterTenSeconds()
    {
        var cached = new CachedTokenAuthenticator([_source], _time);
        await cached.AuthenticateAsync("good", TestContext.Current.CancellationToken);
        _source.Revoked = true;
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Null(await cached.AuthenticateAsync("good", TestContext.Current.CancellationToken));
    }

    /// <summary>Whoever guesses tokens makes nobody else's be verified again.</summary>
    [Fact]
    public async Task AuthenticateAsync_AfterThousandsOfWrongTokens_KnowsTheGoodOne()
    {
        var cached = new CachedTokenAuthenticator([_source], _time);
        await cached.AuthenticateAsync("good", TestContext.Current.CancellationToken);
        for (var i = 0; i < 5000; i++)
            await cached.AuthenticateAsync($"wrong-{i}", TestContext.Current.CancellationToken);
        var before = _source.Calls;

        await cached.AuthenticateAsync("good", TestContext.Current.CancellationToken);
        await cached.AuthenticateAsync("wrong-4999", TestContext.Current.CancellationToken);

        Assert.Equal(before, _source.Calls);
    }

    [Fact]
    public void Add_BeyondItsCapacity_KeepsThoseThatLastLongest()
    {
        var cache = new AnswerCache(8);
        for (var i = 0; i < 12; i++)
            cache.Add($"{i}", new UserIdentity($"{i}", []), now: 0, until: 100 + i);
        cache.Add("11", null, now: 0, until: 200);

        Assert.Equal([4, 5, 6, 7, 8, 9, 10, 11], Enumerable.Range(0, 12).Where(i => cache.TryGet($"{i}", 0, out _)));
        Assert.True(cache.TryGet("11", 199, out var user) && user is null);
        Assert.False(cache.TryGet("11", 200, out _));
        Assert.False(cache.TryGet("10", 110, out _));
    }

    private sealed class Source : ITokenAuthenticator
    {
        public int Calls { get; private set; }

        public bool Revoked { get; set; }

        public ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
        {
            Calls++;
            return ValueTask.FromResult(token == "good" && !Revoked ? new UserIdentity("user", []) : null);
        }
    }
}

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

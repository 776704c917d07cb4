using System.Security.Cryptography;
using System.Text;

namespace Cluster.ApiServer.Authentication;

/// <summary>Asks the authenticators in turn and remembers the answer for a short while, so that a busy client costs one hash a request.</summary>
internal sealed class CachedTokenAuthenticator(IReadOnlyList<ITokenAuthenticator> authenticators, TimeProvider time) : ITokenAuthenticator
{
    /// <summary>A revoked token works no longer than this.</summary>
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(10);

    /// <summary>A wrong token is remembered too, so that guessing is not paid for with signature checks.</summary>
    private static readonly TimeSpan BadFor = TimeSpan.FromSeconds(2);

    /// <summary>About 1 MB each.</summary>
    private const int Capacity = 4096;

    // Apart: whoever guesses makes no live token be verified again.
    private readonly AnswerCache _good = new(Capacity);
    private readonly AnswerCache _bad = new(Capacity);

    public async ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        var now = time.GetTimestamp();
        if (_good.TryGet(hash, now, out var known) || _bad.TryGet(hash, now, out known))
            return known;

        var user = await AskAsync(token, cancellationToken);
        now = time.GetTimestamp();
        var lifetime = user is null ? BadFor : GoodFor;
        (user is null ? _bad : _good).Add(hash, user, now, now + (long)(lifetime.TotalSeconds * time.TimestampFrequency));
        return user;
    }

    private async ValueTask<UserIdentity?> AskAsync(string token, CancellationToken cancellationToken)
    {
        foreach (var authenticator in authenticators)
        {
            if (await authenticator.AuthenticateAsync(token, cancellationToken) is { } user)
                return user;
        }

        return null;
    }
}

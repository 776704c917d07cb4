using System.Collections.Concurrent;
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

    /// <summary>About 1 MB; beyond it the whole cache is dropped, which costs one verification a live token.</summary>
    private const int Capacity = 4096;

    private readonly ConcurrentDictionary<string, (UserIdentity? User, long Until)> _answers = new();

    public async ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        if (_answers.TryGetValue(hash, out var answer) && time.GetTimestamp() < answer.Until)
            return answer.User;

        var user = await AskAsync(token, cancellationToken);
        if (_answers.Count >= Capacity)
            _answers.Clear();
        var lifetime = user is null ? BadFor : GoodFor;
        _answers[hash] = (user, time.GetTimestamp() + (long)(lifetime.TotalSeconds * time.TimestampFrequency));
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

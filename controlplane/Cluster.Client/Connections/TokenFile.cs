namespace Cluster.Client;

/// <summary>A token in a file that someone else renews: read again once a minute, as client-go does.</summary>
public sealed class TokenFile(string path, TimeProvider time) : IBearerToken
{
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromMinutes(1);

    private volatile Reading? _last;

    public async ValueTask<string> GetAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && time.GetElapsedTime(last.At) < ReadAgainAfter)
        {
            return last.Token;
        }

        var token = (await File.ReadAllTextAsync(path, cancellationToken)).Trim();
        _last = new(token, time.GetTimestamp());
        return token;
    }

    private sealed record Reading(string Token, long At);
}

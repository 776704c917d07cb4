namespace Cluster.Kubelet.Volumes;

/// <summary>A pod's tokens, renewed when four fifths of their life, or a day, have passed. One per pod; not thread-safe.</summary>
internal sealed class TokenCache(IServiceAccountTokens source, TimeProvider time)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);
    private readonly Dictionary<TokenOrder, (string Token, DateTimeOffset RenewAt)> tokens = [];

    public async Task<string> GetAsync(TokenOrder order, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (tokens.TryGetValue(order, out var held) && now < held.RenewAt) return held.Token;
        var fresh = await source.CreateAsync(order, cancellationToken);
        var use = (fresh.Expires - now) * 0.8;
        tokens[order] = (fresh.Token, now + (use < MaxAge ? use : MaxAge));
        return fresh.Token;
    }
}

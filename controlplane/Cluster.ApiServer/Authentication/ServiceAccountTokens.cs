namespace Cluster.ApiServer.Authentication;

/// <summary>Issues service account tokens and tells ours from others. Whether the account still lives is the authenticator's question.</summary>
/// <param name="keys">The keys as they are now: the first signs, all check.</param>
/// <param name="time">The clock of tokens' lives.</param>
public sealed class ServiceAccountTokens(Func<IReadOnlyList<SigningKey>> keys, TimeProvider time)
{
    public ServiceAccountTokens(SigningKey key, TimeProvider time)
        : this(() => [key], time)
    {
    }

    public const string Issuer = "https://kubernetes.default.svc.cluster.local";

    /// <summary>The audience of tokens that name none: this API server.</summary>
    public const string DefaultAudience = Issuer;

    public string Issue(
        string ns, string name, string uid, IReadOnlyList<string> audiences, TimeSpan lifetime, BoundObject? bound, string? nodeName, string? nodeUid = null) =>
        JsonWebToken.Sign(
            new ServiceAccountClaims
            {
                Namespace = ns,
                Name = name,
                Uid = uid,
                Audiences = audiences.Count == 0 ? [DefaultAudience] : audiences,
                IssuedAt = time.GetUtcNow(),
                Expires = time.GetUtcNow() + lifetime,
                Id = Guid.NewGuid().ToString(),
                Bound = bound,
                NodeName = nodeName,
                NodeUid = nodeUid,
            }.ToJson(Issuer),
            keys()[0]);

    /// <summary>The claims of a token of ours that is valid now and meant for this server; null otherwise.</summary>
    public ServiceAccountClaims? Verify(string token) => Verify(token, [DefaultAudience]);

    /// <summary>The claims of a token of ours that is valid now and meant for one of these audiences at least; null otherwise.</summary>
    public ServiceAccountClaims? Verify(string token, IReadOnlyCollection<string> audiences)
    {
        if (keys().Select(key => JsonWebToken.Verify(token, key)).FirstOrDefault(json => json is not null) is not { } json
            || ServiceAccountClaims.FromJson(json, Issuer) is not { } claims)
            return null;
        var now = time.GetUtcNow();
        return now < claims.Expires && now + ClockSkew >= claims.IssuedAt && claims.Audiences.Any(audiences.Contains) ? claims : null;
    }

    /// <summary>Another API server of the cluster may have issued it with a clock a little ahead.</summary>
    private static TimeSpan ClockSkew => TimeSpan.FromMinutes(1);
}

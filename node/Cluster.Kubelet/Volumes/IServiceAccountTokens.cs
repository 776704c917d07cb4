namespace Cluster.Kubelet.Volumes;

/// <summary>Where tokens for pods come from: the API's <c>serviceaccounts/token</c>.</summary>
public interface IServiceAccountTokens
{
    /// <summary>A token of the account, bound to the pod, for an audience (empty: the API server itself).</summary>
    Task<ServiceAccountToken> CreateAsync(TokenOrder order, CancellationToken cancellationToken);
}

/// <summary>Which token a pod's volume wants.</summary>
public sealed record TokenOrder(string Namespace, string ServiceAccount, string PodName, string PodUid, string Audience, TimeSpan Lifetime);

/// <summary>A token and its end. Never printed.</summary>
public sealed record ServiceAccountToken(string Token, DateTimeOffset Expires)
{
    public override string ToString() => $"token until {Expires:O}";
}

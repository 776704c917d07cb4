namespace Cluster.Kubelet.Volumes;

/// <summary>For a kubelet that was given no source of tokens: pods that want one say why they wait.</summary>
internal sealed class NoServiceAccountTokens : IServiceAccountTokens
{
    public Task<ServiceAccountToken> CreateAsync(TokenOrder order, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("this kubelet has no source of service account tokens");
}

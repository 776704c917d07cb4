namespace Cluster.Client;

/// <summary>A token to authenticate with. Safe for concurrent use.</summary>
public interface IBearerToken
{
    ValueTask<string> GetAsync(CancellationToken cancellationToken);
}

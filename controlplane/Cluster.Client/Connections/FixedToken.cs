namespace Cluster.Client;

/// <summary>A token that never changes.</summary>
public sealed class FixedToken(string token) : IBearerToken
{
    public ValueTask<string> GetAsync(CancellationToken cancellationToken) => ValueTask.FromResult(token);
}

namespace Cluster.ApiServer.Authorization;

/// <summary>Decides whether a known user may do what they ask.</summary>
public interface IAuthorizer
{
    ValueTask<bool> IsAllowedAsync(AuthorizationRequest request, CancellationToken cancellationToken);
}

using Cluster.Api;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authentication;

/// <summary>Users of service account tokens: signed by us, not expired, and their account (and pod, if bound to one) still there.</summary>
internal sealed class ServiceAccountAuthenticator(ServiceAccountTokens tokens, IObjectReader reader) : ITokenAuthenticator
{
    public async ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        if (tokens.Verify(token) is not { } claims)
            return null;
        var accounts = ResourceCatalog.For<Cluster.Api.CoreV1.ServiceAccount>();
        if (!await IsThereAsync(accounts, claims.Namespace, claims.Name, claims.Uid, cancellationToken))
            return null;
        if (claims.Bound is { } bound && !await IsThereAsync(TypeOf(bound), claims.Namespace, bound.Name, bound.Uid, cancellationToken))
            return null;
        return new UserIdentity(
            claims.Subject,
            claims.Uid,
            [.. new ServiceAccountName(claims.Namespace, claims.Name).Groups, UserIdentity.AuthenticatedGroup],
            Extra(claims));
    }

    private static ResourceType TypeOf(BoundObject bound) => ResourceCatalog.FindKind("v1", bound.Kind)!;

    /// <summary>The object exists and is the same one.</summary>
    private async ValueTask<bool> IsThereAsync(ResourceType type, string ns, string name, string uid, CancellationToken cancellationToken)
    {
        // The cache may still miss an object just made, or show the one before it of the same name.
        return reader.Find(type, ns, name)?.Metadata.Uid == uid
            || (await reader.FindFreshAsync(type, ns, name, cancellationToken))?.Metadata.Uid == uid;
    }

    private static Dictionary<string, IReadOnlyList<string>> Extra(ServiceAccountClaims claims)
    {
        var extra = claims.Id.Length > 0 ? UserIdentity.CredentialId($"JTI={claims.Id}") : [];
        if (claims.Bound is { Kind: "Pod" } pod)
        {
            extra["authentication.kubernetes.io/pod-name"] = [pod.Name];
            extra["authentication.kubernetes.io/pod-uid"] = [pod.Uid];
        }

        if (claims.NodeName is not null)
            extra["authentication.kubernetes.io/node-name"] = [claims.NodeName];
        return extra;
    }
}

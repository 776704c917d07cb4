using Cluster.Api;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authentication;

/// <summary>Users of service account tokens: signed by us, not expired, and their account (and what it is bound to) still there.</summary>
internal sealed class ServiceAccountAuthenticator(ServiceAccountTokens tokens, IObjectReader reader, TimeProvider time) : IAudienceAuthenticator
{
    /// <summary>After the end that was set, which the grace of a pod comes before.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromMinutes(1);

    private static readonly string[] Own = [ServiceAccountTokens.DefaultAudience];

    public async ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken) =>
        (await AuthenticateAsync(token, Own, cancellationToken))?.User;

    public async ValueTask<(UserIdentity User, IReadOnlyList<string> Audiences)?> AuthenticateAsync(
        string token, IReadOnlyCollection<string> audiences, CancellationToken cancellationToken) =>
        tokens.Verify(token, audiences) is { } claims && await UserOfAsync(claims, cancellationToken) is { } user
            ? (user, [.. audiences.Distinct().Where(claims.Audiences.Contains)])
            : null;

    private async ValueTask<UserIdentity?> UserOfAsync(ServiceAccountClaims claims, CancellationToken cancellationToken)
    {
        var accounts = ResourceCatalog.For<Cluster.Api.CoreV1.ServiceAccount>();
        if (!await IsThereAsync(accounts, claims.Namespace, claims.Name, claims.Uid, cancellationToken))
            return null;
        if (claims.Bound is { } bound && TypeOf(bound) is var type
            && !await IsThereAsync(type, type.Namespaced ? claims.Namespace : null, bound.Name, bound.Uid, cancellationToken))
            return null;
        return new UserIdentity(
            claims.Subject,
            claims.Uid,
            [.. new ServiceAccountName(claims.Namespace, claims.Name).Groups, UserIdentity.AuthenticatedGroup],
            Extra(claims));
    }

    private static ResourceType TypeOf(BoundObject bound) => ResourceCatalog.FindKind("v1", bound.Kind)!;

    /// <summary>The object exists and is the same one, and has not been on its way out for long.</summary>
    private async ValueTask<bool> IsThereAsync(ResourceType type, string? ns, string name, string uid, CancellationToken cancellationToken)
    {
        // The cache may still miss an object just made, or show the one before it of the same name.
        return IsGood(reader.Find(type, ns, name), uid) || IsGood(await reader.FindFreshAsync(type, ns, name, cancellationToken), uid);
    }

    // A pod of a node that is lost is never confirmed to be gone, and a finalizer holds an account for ever.
    private bool IsGood(IApiObject? obj, string uid) =>
        obj?.Metadata.Uid == uid && !(obj.Metadata.DeletionTimestamp?.ToDateTimeOffset() + Farewell < time.GetUtcNow());

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
        if (claims.NodeUid is not null)
            extra["authentication.kubernetes.io/node-uid"] = [claims.NodeUid];
        return extra;
    }
}

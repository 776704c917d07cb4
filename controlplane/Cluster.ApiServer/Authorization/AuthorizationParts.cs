using Cluster.ApiServer.Authorization.Nodes;
using Cluster.ApiServer.Authorization.Rbac;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authorization;

/// <summary>The server's authorizers, in the order they are asked, and the indexes they answer from.</summary>
internal sealed class AuthorizationParts
{
    private readonly NodeReferences _nodes = new();

    public AuthorizationParts() => Rules = new RbacAuthorizer(Roles);

    public RbacIndex Roles { get; } = new();

    public RbacAuthorizer Rules { get; }

    /// <summary>To be kept in step with the caches.</summary>
    public IReadOnlyList<IObjectIndex> Indexes => [Roles, _nodes];

    public IAuthorizer Authorizer(IObjectReader reader) => new AuthorizerChain([new MastersAuthorizer(), new NodeAuthorizer(_nodes, reader), Rules]);
}

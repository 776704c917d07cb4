using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Rest;
using Cluster.Storage;

namespace Cluster.ApiServer.Hosting;

/// <summary>What the web host puts on its port.</summary>
internal sealed record WebHostParts
{
    public required ApiServerOptions Options { get; init; }

    public required IStore Store { get; init; }

    public required RegistryHost Core { get; init; }

    /// <summary>Asked in this order who a bearer token belongs to.</summary>
    public required IReadOnlyList<ITokenAuthenticator> Tokens { get; init; }

    public required IAuthorizer Authorizer { get; init; }

    public required IReadOnlyList<IConnector> Connectors { get; init; }
}

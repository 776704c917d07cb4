using Cluster.ApiServer.Auditing;
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

    /// <summary>Writes requests down.</summary>
    public required Auditor Auditor { get; init; }

    /// <summary>The keys of service account tokens as they are now.</summary>
    public required Func<IReadOnlyList<SigningKey>> TokenKeys { get; init; }

    public required IAuthorizer Authorizer { get; init; }

    public required IReadOnlyList<IConnector> Connectors { get; init; }
}

namespace Cluster.ApiServer.Authentication;

/// <summary>An OpenID Connect provider whose ID tokens are taken, as Kubernetes' <c>--oidc-*</c> flags describe it.</summary>
/// <param name="Issuer">Its URL, https, exactly as its tokens' <c>iss</c>.</param>
/// <param name="ClientId">The audience its tokens must be for.</param>
public sealed record OidcOptions(Uri Issuer, string ClientId)
{
    /// <summary>The claim that names the user.</summary>
    public string UsernameClaim { get; init; } = "sub";

    /// <summary>Put before names, so that they are nobody else's; null: the issuer and <c>#</c>, unless the claim is <c>email</c>; <c>-</c>: nothing.</summary>
    public string? UsernamePrefix { get; init; }

    /// <summary>The claim that lists the user's groups; null: they have none.</summary>
    public string? GroupsClaim { get; init; }

    /// <summary>Put before groups.</summary>
    public string GroupsPrefix { get; init; } = "";

    /// <summary>Claims that must be there with these values.</summary>
    public IReadOnlyDictionary<string, string> RequiredClaims { get; init; } = new Dictionary<string, string>();

    /// <summary>The algorithms taken.</summary>
    public IReadOnlyList<string> SigningAlgorithms { get; init; } = ["RS256"];

    /// <summary>Whom the provider's own certificate must come from, PEM; null: the system's roots.</summary>
    public string? AuthorityFile { get; init; }
}

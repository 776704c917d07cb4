using System.CommandLine;
using Cluster.ApiServer.Authentication;

namespace Cluster.Cli.Commands;

/// <summary>The options of an OpenID Connect provider, by Kubernetes' own names.</summary>
internal sealed class OidcFlags
{
    public Option<string?> Issuer { get; } = new("--oidc-issuer-url") { Description = "https URL of an OpenID Connect provider whose ID tokens are taken" };

    public Option<string?> ClientId { get; } = new("--oidc-client-id") { Description = "audience its tokens must be for" };

    public Option<string> UsernameClaim { get; } = new("--oidc-username-claim") { Description = "claim that names the user", DefaultValueFactory = _ => "sub" };

    public Option<string?> UsernamePrefix { get; } = new("--oidc-username-prefix") { Description = "put before names; the issuer otherwise, - for nothing" };

    public Option<string?> GroupsClaim { get; } = new("--oidc-groups-claim") { Description = "claim that lists the user's groups" };

    public Option<string> GroupsPrefix { get; } = new("--oidc-groups-prefix") { Description = "put before groups", DefaultValueFactory = _ => "" };

    public Option<string[]> RequiredClaims { get; } = new("--oidc-required-claim") { Description = "CLAIM=VALUE a token must have; may be given again" };

    public Option<string> Algorithms { get; } = new("--oidc-signing-algs") { Description = "algorithms taken, with commas", DefaultValueFactory = _ => "RS256" };

    public Option<string?> CaFile { get; } = new("--oidc-ca-file") { Description = "whom the provider's certificate must come from, PEM" };

    public IEnumerable<Option> All => [Issuer, ClientId, UsernameClaim, UsernamePrefix, GroupsClaim, GroupsPrefix, RequiredClaims, Algorithms, CaFile];

    /// <exception cref="CliException">A part is missing, or is not what it should be.</exception>
    public OidcOptions? Read(ParseResult parsed)
    {
        if (parsed.GetValue(Issuer) is not { } issuer) return parsed.GetValue(ClientId) is null ? null : throw new CliException("--oidc-client-id needs --oidc-issuer-url as well", 2);
        if (!Uri.TryCreate(issuer, UriKind.Absolute, out Uri? url) || url.Scheme != Uri.UriSchemeHttps) throw new CliException($"--oidc-issuer-url {issuer}: an https URL is meant", 2);
        if (parsed.GetValue(ClientId) is not { } client) throw new CliException("--oidc-issuer-url needs --oidc-client-id as well", 2);
        if (parsed.GetValue(CaFile) is { } file && !File.Exists(file)) throw new CliException($"--oidc-ca-file {file}: there is no such file", 2);
        return new OidcOptions(url, client)
        {
            UsernameClaim = parsed.GetValue(UsernameClaim)!,
            UsernamePrefix = parsed.GetValue(UsernamePrefix),
            GroupsClaim = parsed.GetValue(GroupsClaim),
            GroupsPrefix = parsed.GetValue(GroupsPrefix)!,
            RequiredClaims = (parsed.GetValue(RequiredClaims) ?? []).Select(Claim).ToDictionary(claim => claim.Name, claim => claim.Value),
            SigningAlgorithms = parsed.GetValue(Algorithms)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            AuthorityFile = parsed.GetValue(CaFile),
        };
    }

    private static (string Name, string Value) Claim(string text) =>
        text.Split('=', 2) is [{ Length: > 0 } name, var value] ? (name, value) : throw new CliException($"--oidc-required-claim {text}: CLAIM=VALUE is meant", 2);
}

using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using IdToken = Microsoft.IdentityModel.JsonWebTokens.JsonWebToken;

namespace Cluster.ApiServer.Authentication;

/// <summary>
/// Users of an OpenID Connect provider, by their ID tokens. The provider's keys are fetched when the first token comes, kept, and fetched
/// again when a token names one that is not among them.
/// </summary>
internal sealed class OidcTokens : ITokenAuthenticator, IDisposable
{
    private const string MetadataPath = "/.well-known/openid-configuration";
    private const string EmailClaim = "email";
    private const string NoPrefix = "-";
    private const int MaxDocumentBytes = 1 << 20;

    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(10);

    private readonly OidcOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly HttpClient _http;
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TokenValidationParameters _rules;

    /// <exception cref="ArgumentException">The issuer is no https URL.</exception>
    /// <exception cref="IOException">The authority's file cannot be read.</exception>
    public OidcTokens(OidcOptions options, TimeProvider time, ILogger logger)
    {
        if (options.Issuer.Scheme != Uri.UriSchemeHttps)
            throw new ArgumentException($"the OIDC issuer {options.Issuer} must be an https URL", nameof(options));
        (_options, _time, _logger) = (options, time, logger);
        _http = new HttpClient(Handler(options.AuthorityFile)) { Timeout = FetchTimeout, MaxResponseContentBufferSize = MaxDocumentBytes };
        _rules = new TokenValidationParameters
        {
            ValidIssuer = options.Issuer.OriginalString,
            ValidAudience = options.ClientId,
            ValidAlgorithms = options.SigningAlgorithms,
            ConfigurationManager = new ConfigurationManager<OpenIdConnectConfiguration>(
                options.Issuer.OriginalString.TrimEnd('/') + MetadataPath, new OpenIdConnectConfigurationRetriever(), new HttpDocumentRetriever(_http)),
            RequireSignedTokens = true,
            LifetimeValidator = IsInTime,
        };
    }

    public async ValueTask<UserIdentity?> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        // Another's token costs no look at the provider.
        if (!_handler.CanReadToken(token) || Issuer(token) != _options.Issuer.OriginalString)
            return null;
        var result = await _handler.ValidateTokenAsync(token, _rules);
        if (result.IsValid)
            return User((IdToken)result.SecurityToken);
        // The reason may quote the token: its kind is all that is said.
        _logger.LogDebug("A token of {Issuer} was refused: {Reason}", _options.Issuer, result.Exception?.GetType().Name);
        if (result.Exception is InvalidOperationException or HttpRequestException or IOException)
            _logger.LogWarning("The keys of the OIDC issuer {Issuer} cannot be fetched", _options.Issuer);
        return null;
    }

    public void Dispose() => _http.Dispose();

    private string? Issuer(string token)
    {
        try
        {
            return _handler.ReadJsonWebToken(token).Issuer;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException)
        {
            return null;
        }
    }

    private bool IsInTime(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters rules)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return expires is not null && now < expires + ClockSkew && (notBefore is null || now + ClockSkew >= notBefore);
    }

    private UserIdentity? User(IdToken token)
    {
        if (Text(token, _options.UsernameClaim) is not { Length: > 0 } name)
            return null;
        // Some providers write it as a text, of which nobody knows what it says.
        if (_options.UsernameClaim == EmailClaim && token.TryGetPayloadValue<object>("email_verified", out var verified) && verified is not true)
            return null;
        if (_options.RequiredClaims.Any(claim => Text(token, claim.Key) != claim.Value))
            return null;
        return new UserIdentity(
            Prefix() + name, "", [.. Groups(token).Select(group => _options.GroupsPrefix + group), UserIdentity.AuthenticatedGroup],
            Text(token, "jti") is { Length: > 0 } id ? UserIdentity.CredentialId($"JTI={id}") : UserIdentity.NoExtra);
    }

    private string Prefix() => _options.UsernamePrefix switch
    {
        NoPrefix => "",
        { Length: > 0 } prefix => prefix,
        _ => _options.UsernameClaim == EmailClaim ? "" : $"{_options.Issuer.OriginalString}#",
    };

    private IEnumerable<string> Groups(IdToken token)
    {
        if (_options.GroupsClaim is not { } claim)
            return [];
        if (token.TryGetPayloadValue<List<string>>(claim, out var groups))
            return groups;
        return Text(token, claim) is { } one ? [one] : [];
    }

    private static string? Text(IdToken token, string claim) => token.TryGetPayloadValue<string>(claim, out var value) ? value : null;

    private static SocketsHttpHandler Handler(string? authorityFile)
    {
        var handler = new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, ConnectTimeout = FetchTimeout };
        if (authorityFile is null)
            return handler;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(authorityFile);
        handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        return handler;
    }
}

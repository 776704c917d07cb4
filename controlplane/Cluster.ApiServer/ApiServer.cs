using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Admission.Webhooks;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Bootstrap;
using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Kubelets;
using Cluster.ApiServer.Logs;
using Cluster.ApiServer.Proxy;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Rest;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer;

/// <summary>The API server: keeps the cluster's objects and answers for them over REST and gRPC, all on one TLS port.</summary>
/// <remarks>It does not own the store it is given. Safe for concurrent use.</remarks>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly RegistryHost _core;
    private readonly AuditLog? _audit;
    private readonly WebHost _web;
    private readonly IReadOnlyList<IDisposable> _owned;

    private ApiServer(RegistryHost core, AuditLog? audit, WebHost web, IReadOnlyList<IDisposable> owned) =>
        (_core, _audit, _web, _owned) = (core, audit, web, owned);

    /// <summary>Where it answers: the first address it listens on.</summary>
    public Uri Url => _web.Url;

    /// <summary>The patterns of all paths it answers: permission is asked for on every one.</summary>
    internal IEnumerable<string> Routes => _web.Routes;

    /// <summary>Ends when the server has stopped.</summary>
    public Task Completion => _web.Completion;

    /// <summary>Starts; when it returns the server answers, and the cluster's first objects exist.</summary>
    /// <exception cref="AdmissionPluginException">An admission plug-in of a user's cannot be made, or a name of one is unknown.</exception>
    /// <exception cref="IOException">An address cannot be listened on: the message is one line that says which and why.</exception>
    public static async Task<ApiServer> StartAsync(
        ApiServerOptions options, IStore store, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        store = new MeasuredStore(store, options.Time);
        // Before anything is started: a bad policy or a file that cannot be opened is said at once.
        var audit = await AuditAsync(options, logs, cancellationToken);
        var tokenKeys = new SigningKeys(options.Pki, options.Time);
        var oidc = options.Oidc is { } provider ? new OidcTokens(provider, options.Time, logs.CreateLogger<OidcTokens>()) : null;
        var staticTokens = await StaticTokens.ReadAsync(options.Pki.StaticTokens, cancellationToken);
        var tokens = new ServiceAccountTokens(() => tokenKeys.All, options.Time);
        var access = new AuthorizationParts();
        var registry = options.Registry with { ClientAuthority = await File.ReadAllTextAsync(options.Pki.AuthorityCertificate, cancellationToken) };
        RegistryHost? core = null;
        // Null while the core starts.
        var use = new TokenUse(() => core?.Registry, options.Time, logs.CreateLogger<TokenUse>());
        core = await RegistryHost.StartAsync(
            store, registry,
            (reader, webhooks) => options.Admission.Create(
                new(reader, store, access, new WebhookDispatcher(reader, webhooks, logs.CreateLogger<WebhookDispatcher>()), options.Time), logs),
            reader => Posted(access.Authorizer(reader), Tokens(reader), options.Time), access.Indexes,
            logs, options.Time, cancellationToken);
        var kubelets = new KubeletClient(options.Pki, options.KubeletPort);
        var targets = PlainClient.Create();
        IReadOnlyList<IDisposable> owned = [kubelets, targets, tokenKeys, .. oidc is null ? [] : new IDisposable[] { oidc }];
        try
        {
            await new DefaultPolicyObjects(core.Registry, logs.CreateLogger<DefaultPolicyObjects>()).EnsureAsync(cancellationToken);
            await core.WaitFreshAsync(cancellationToken);
            var web = await WebHost.StartAsync(
                new WebHostParts
                {
                    Options = options,
                    Store = store,
                    Core = core,
                    Tokens = Tokens(core.Reader),
                    Auditor = audit.Auditor,
                    TokenKeys = () => tokenKeys.All,
                    Authorizer = access.Authorizer(core.Reader),
                    Connectors =
                    [
                        new PodLogConnector(core.Reader, kubelets), new TokenRequestConnector(core.Reader, tokens, options.Time),
                        .. Streams(core.Reader, kubelets, targets, new Forwarder(options.MaxUpgradedConnections)),
                    ],
                },
                logs,
                cancellationToken);
            return new ApiServer(core, audit.Log, web, owned);
        }
        catch
        {
            await core.DisposeAsync();
            await EndAsync(audit.Log, owned);
            throw;
        }

        IReadOnlyList<ITokenAuthenticator> Tokens(IObjectReader reader) =>
        [
            staticTokens, new ServiceAccountAuthenticator(tokens, reader, options.Time), new SecretTokens(() => tokenKeys.All, reader, use), new BootstrapTokens(reader, options.Time),
            .. oidc is null ? [] : new ITokenAuthenticator[] { oidc },
        ];
    }

    /// <summary>Stops: no new requests, watches end, open requests get the shutdown grace.</summary>
    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        await _core.DisposeAsync();
        await EndAsync(_audit, _owned);
    }

    private static async ValueTask EndAsync(AuditLog? audit, IReadOnlyList<IDisposable> owned)
    {
        if (audit is not null)
            await audit.DisposeAsync();
        foreach (var part in owned)
            part.Dispose();
    }

    private static async Task<(AuditLog? Log, Auditor Auditor)> AuditAsync(ApiServerOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        if (options.AuditLog is not { } audit)
            return (null, new Auditor(null, AuditPolicy.Default, options.Time));
        var policy = audit.PolicyFile is { } file ? AuditPolicy.Parse(await File.ReadAllTextAsync(file, cancellationToken), file) : AuditPolicy.Default;
        var log = new AuditLog(audit, options.Time, logs.CreateLogger<AuditLog>());
        return (log, new Auditor(log, policy, options.Time));
    }

    /// <summary>What is passed on to kubelets, pods and services.</summary>
    private static IEnumerable<IConnector> Streams(
        IObjectReader reader, KubeletClient kubelets, HttpMessageInvoker targets, Forwarder forwarder) =>
    [
        new PodStreamConnector("exec", reader, kubelets, forwarder),
        new PodStreamConnector("attach", reader, kubelets, forwarder),
        new PodStreamConnector("portforward", reader, kubelets, forwarder),
        new PodProxyConnector(reader, targets, forwarder),
        new ServiceProxyConnector(reader, targets, forwarder),
        new NodeProxyConnector(reader, kubelets, targets, forwarder),
    ];

    /// <summary>Questions the server answers by itself.</summary>
    private static IReadOnlyList<IPostedKind> Posted(IAuthorizer authorizer, IReadOnlyList<ITokenAuthenticator> tokens, TimeProvider time) =>
    [
        new AccessReview("subjectaccessreviews", authorizer), new AccessReview("selfsubjectaccessreviews", authorizer),
        new AccessReview("localsubjectaccessreviews", authorizer), new RulesReview(authorizer),
        new TokenReviews(new CachedTokenAuthenticator(tokens, time), tokens.OfType<IAudienceAuthenticator>().Single()), new SelfReview(time),
    ];
}

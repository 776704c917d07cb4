using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
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
    private readonly KubeletClient _kubelets;
    private readonly HttpMessageInvoker _targets;
    private readonly SigningKey _tokenKey;
    private readonly WebHost _web;

    private ApiServer(RegistryHost core, KubeletClient kubelets, HttpMessageInvoker targets, SigningKey tokenKey, WebHost web) =>
        (_core, _kubelets, _targets, _tokenKey, _web) = (core, kubelets, targets, tokenKey, web);

    /// <summary>Where it answers: the first address it listens on.</summary>
    public Uri Url => _web.Url;

    /// <summary>Ends when the server has stopped.</summary>
    public Task Completion => _web.Completion;

    /// <summary>Starts; when it returns the server answers, and the cluster's first objects exist.</summary>
    /// <exception cref="IOException">An address cannot be listened on: the message is one line that says which and why.</exception>
    public static async Task<ApiServer> StartAsync(
        ApiServerOptions options, IStore store, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var tokenKey = SigningKey.FromPem(await File.ReadAllTextAsync(options.Pki.ServiceAccountKey, cancellationToken));
        var staticTokens = await StaticTokens.ReadAsync(options.Pki.StaticTokens, cancellationToken);
        var tokens = new ServiceAccountTokens(tokenKey, options.Time);
        var authorizer = new ComponentAuthorizer();
        var registry = options.Registry with { ClientAuthority = await File.ReadAllTextAsync(options.Pki.AuthorityCertificate, cancellationToken) };
        var core = await RegistryHost.StartAsync(
            store, registry, reader => Plugins(reader, store, options.Time), reader => Posted(authorizer, Tokens(reader), options.Time), logs,
            options.Time, cancellationToken);
        var kubelets = new KubeletClient(options.Pki, options.KubeletPort);
        var targets = PlainClient.Create();
        try
        {
            var web = await WebHost.StartAsync(
                new WebHostParts
                {
                    Options = options,
                    Store = store,
                    Core = core,
                    Tokens = Tokens(core.Reader),
                    Authorizer = authorizer,
                    Connectors =
                    [
                        new PodLogConnector(core.Reader, kubelets), new TokenRequestConnector(core.Reader, tokens, options.Time),
                        .. Streams(core.Reader, kubelets, targets, new Forwarder(options.MaxUpgradedConnections)),
                    ],
                },
                logs,
                cancellationToken);
            return new ApiServer(core, kubelets, targets, tokenKey, web);
        }
        catch
        {
            kubelets.Dispose();
            targets.Dispose();
            tokenKey.Dispose();
            await core.DisposeAsync();
            throw;
        }

        IReadOnlyList<ITokenAuthenticator> Tokens(IObjectReader reader) => [staticTokens, new ServiceAccountAuthenticator(tokens, reader)];
    }

    /// <summary>Stops: no new requests, watches end, open requests get the shutdown grace.</summary>
    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        await _core.DisposeAsync();
        _kubelets.Dispose();
        _targets.Dispose();
        _tokenKey.Dispose();
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
        new TokenReviews(new CachedTokenAuthenticator(tokens, time)), new SelfReview(time),
    ];

    /// <summary>In the order they see a write.</summary>
    private static IReadOnlyList<IAdmissionPlugin> Plugins(IObjectReader reader, IStore store, TimeProvider time) =>
    [
        new NamespaceLifecycle(reader, time),
        new ServiceAccountAdmission(reader, time),
        new DefaultTolerationSeconds(),
        new LimitRanger(reader),
        // The last: what it charges is what will be stored.
        new ResourceQuotaAdmission(reader, new QuotaLedger(store), time),
    ];
}

using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Logs;
using Cluster.ApiServer.Registry;
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
    private readonly SigningKey _tokenKey;
    private readonly WebHost _web;

    private ApiServer(RegistryHost core, KubeletClient kubelets, SigningKey tokenKey, WebHost web) =>
        (_core, _kubelets, _tokenKey, _web) = (core, kubelets, tokenKey, web);

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
        var core = await RegistryHost.StartAsync(
            store, options.Registry, reader => Plugins(reader, options.Time), logs, options.Time, cancellationToken);
        var kubelets = new KubeletClient(options.Pki, options.KubeletPort);
        try
        {
            var tokens = new ServiceAccountTokens(tokenKey, options.Time);
            var web = await WebHost.StartAsync(
                new WebHostParts
                {
                    Options = options,
                    Store = store,
                    Core = core,
                    Tokens = [staticTokens, new ServiceAccountAuthenticator(tokens, core.Reader)],
                    Connectors = [new PodLogConnector(core.Reader, kubelets), new TokenRequestConnector(core.Reader, tokens, options.Time)],
                },
                logs,
                cancellationToken);
            return new ApiServer(core, kubelets, tokenKey, web);
        }
        catch
        {
            kubelets.Dispose();
            tokenKey.Dispose();
            await core.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops: no new requests, watches end, open requests get the shutdown grace.</summary>
    public async ValueTask DisposeAsync()
    {
        await _web.DisposeAsync();
        await _core.DisposeAsync();
        _kubelets.Dispose();
        _tokenKey.Dispose();
    }

    /// <summary>In the order they see a write.</summary>
    private static IReadOnlyList<IAdmissionPlugin> Plugins(IObjectReader reader, TimeProvider time) =>
    [
        new NamespaceLifecycle(reader, time),
        new ServiceAccountAdmission(reader, time),
        new DefaultTolerationSeconds(),
    ];
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cluster.ApiServer.Pki;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Client;
using Cluster.Storage;
using Cluster.Storage.Embedded;
using Cluster.Storage.Etcd;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Histories;

/// <summary>Two real API servers on one state, embedded or in an etcd; each can be ended and started again, and so can the etcd.</summary>
internal sealed class HistoryServers : IAsyncDisposable
{
    private readonly TempDirectory _data = new();
    private readonly ScaledTime _time = new(factor: 20);
    private readonly ClusterPki[] _pki = new ClusterPki[2];
    private readonly int[] _ports = FreePort.Tcp(2);
    private readonly IStore?[] _stores = new IStore?[2];
    private readonly Cluster.ApiServer.ApiServer?[] _servers = new Cluster.ApiServer.ApiServer?[2];
    private EtcdProcess? _etcd;

    private HistoryServers()
    {
    }

    /// <summary>The state itself, past the servers.</summary>
    public IStore Audit { get; private set; } = null!;

    /// <summary>Each server over each transport.</summary>
    public List<IApiClient> Clients { get; } = [];

    /// <summary>Each server over REST: a gRPC channel fails for a while after its server was away, and a write must not.</summary>
    public List<IApiClient> Writers { get; } = [];

    public bool HasEtcd => _etcd is not null;

    public static async Task<HistoryServers> StartAsync(bool onEtcd)
    {
        var servers = new HistoryServers();
        try
        {
            servers._etcd = onEtcd ? await EtcdProcess.StartNewAsync() : null;
            servers.Audit = onEtcd ? await servers.ConnectAsync()
                : await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = servers._data.File("store") });
            for (var i = 0; i < servers._servers.Length; i++)
                await servers.AddAsync(i);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    public async Task RestartAsync(int server)
    {
        await StopAsync(server);
        await StartAsync(server);
    }

    public async Task RestartEtcdAsync()
    {
        await _etcd!.KillAsync();
        await _etcd.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Clients.ForEach(client => (client as IDisposable)?.Dispose());
        for (var i = 0; i < _servers.Length; i++)
            await StopAsync(i);
        if (Audit is not null)
            await Audit.DisposeAsync();
        if (_etcd is not null)
            await _etcd.DisposeAsync();
        _data.Dispose();
    }

    private async Task AddAsync(int server)
    {
        var url = new Uri($"https://127.0.0.1:{_ports[server]}");
        var pki = await ClusterPki.EnsureAsync(new PkiOptions
        {
            DataDirectory = _data.Path, NodeName = "node-a", NodeAddress = IPAddress.Loopback, ServerUrl = url,
        });
        _pki[server] = pki;
        await StartAsync(server);
        var connection = new ClusterConnection
        {
            Server = url,
            Authorities = [X509CertificateLoader.LoadCertificateFromFile(pki.AuthorityCertificate)],
            ClientCertificate = ApiServerRig.Load(Path.Combine(pki.Directory, "admin.crt"), Path.Combine(pki.Directory, "admin.key")),
        };
        Writers.Add(new RestApiClient(connection));
        Clients.Add(Writers[^1]);
        Clients.Add(new GrpcApiClient(connection));
    }

    private async Task StartAsync(int server)
    {
        // Each with a connection of its own, as processes have it; the embedded state has one owner.
        var store = HasEtcd ? await ConnectAsync() : Audit;
        _stores[server] = HasEtcd ? store : null;
        _servers[server] = await Cluster.ApiServer.ApiServer.StartAsync(
            new ApiServerOptions
            {
                Pki = _pki[server],
                Listen = [new IPEndPoint(IPAddress.Loopback, _ports[server])],
                Time = _time,
                // Of the fast clock: a busy machine may need some seconds of the real one.
                RequestTimeout = TimeSpan.FromHours(1),
                ShutdownGrace = TimeSpan.FromSeconds(1),
            },
            store,
            NullLoggerFactory.Instance,
            CancellationToken.None);
    }

    private async Task StopAsync(int server)
    {
        if (_servers[server] is { } running)
            await running.DisposeAsync();
        _servers[server] = null;
        if (_stores[server] is { } store)
            await store.DisposeAsync();
        _stores[server] = null;
    }

    private async Task<IStore> ConnectAsync() => await EtcdStore.ConnectAsync(new EtcdStoreOptions { Endpoints = [_etcd!.Endpoint] });
}

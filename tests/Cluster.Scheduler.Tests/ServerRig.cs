using System.Net;
using Cluster.Api.CoreV1;
using Cluster.ApiServer;
using Cluster.ApiServer.Pki;
using Cluster.Client;
using Cluster.Storage;
using Cluster.Storage.Embedded;
using Cluster.Storage.Etcd;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Scheduler.Tests;

/// <summary>A real API server on a real store, and clients as the administrator and as the scheduler.</summary>
internal sealed class ServerRig : IAsyncDisposable
{
    private readonly TempDirectory _data = new();
    private EtcdProcess? _etcd;
    private IStore? _store;
    private ApiServer.ApiServer? _server;
    private ClusterPki? _pki;

    /// <summary>As the administrator.</summary>
    public IApiClient Admin { get; private set; } = null!;

    /// <summary>A client of its own for each scheduler.</summary>
    public IApiClient Scheduler() => KubernetesClients.FromKubeconfig(_pki!.SchedulerKubeconfig);

    public static async Task<ServerRig> StartAsync(bool onEtcd, CancellationToken cancellationToken)
    {
        var rig = new ServerRig();
        rig._store = onEtcd ? await rig.ConnectEtcdAsync(cancellationToken) : await rig.OpenEmbeddedAsync();
        var port = FreePort.Tcp();
        rig._pki = await ClusterPki.EnsureAsync(new PkiOptions
        {
            DataDirectory = rig._data.Path,
            NodeName = "node",
            NodeAddress = IPAddress.Loopback,
            ServerUrl = new Uri($"https://127.0.0.1:{port}"),
        }, cancellationToken);
        var options = new ApiServerOptions { Pki = rig._pki, Listen = [new IPEndPoint(IPAddress.Loopback, port)] };
        rig._server = await ApiServer.ApiServer.StartAsync(options, rig._store, NullLoggerFactory.Instance, cancellationToken);
        rig.Admin = KubernetesClients.FromKubeconfig(rig._pki.AdminKubeconfig);
        await rig.Admin.CreateAsync(new ServiceAccount { Metadata = new() { Namespace = "default", Name = "default" } }, cancellationToken);
        return rig;
    }

    public async ValueTask DisposeAsync()
    {
        (Admin as IDisposable)?.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        if (_store is not null)
            await _store.DisposeAsync();
        if (_etcd is not null)
            await _etcd.DisposeAsync();
        _data.Dispose();
    }

    private async Task<IStore> OpenEmbeddedAsync() => await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = _data.File("store") });

    private async Task<IStore> ConnectEtcdAsync(CancellationToken cancellationToken)
    {
        _etcd = await EtcdProcess.StartNewAsync();
        return await EtcdStore.ConnectAsync(new EtcdStoreOptions { Endpoints = [_etcd.Endpoint] }, cancellationToken);
    }
}

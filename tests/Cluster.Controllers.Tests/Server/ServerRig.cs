using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cluster.Api;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.ApiServer;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Pki;
using Cluster.Client;
using Cluster.Storage.Embedded;
using Cluster.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Controllers.Tests.Server;

/// <summary>All controllers over a real API server with an embedded store, and the simplest of kubelets.</summary>
public sealed class ServerRig : IAsyncLifetime
{
    private readonly TempDirectory _data = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private EmbeddedStore? _store;
    private ApiServer.ApiServer? _server;
    private int _address;

    /// <summary>The administrator, over REST as kubectl.</summary>
    public IApiClient Admin { get; private set; } = null!;

    public string AdminKubeconfig { get; private set; } = "";

    /// <summary>What the controllers, their clients and the server log to.</summary>
    internal ILoggerFactory Logs { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Where the cluster's keys are.</summary>
    internal string Keys => Path.Combine(_data.Path, "pki");

    /// <summary>Whoever has this certificate, or this token.</summary>
    public IApiClient WithCertificate(X509Certificate2 certificate) =>
        KubernetesClients.Connect(Kubeconfig.Load(AdminKubeconfig).Connect() with { ClientCertificate = certificate }, ClientTransport.Rest);

    /// <inheritdoc cref="WithCertificate"/>
    public IApiClient WithToken(string token) => KubernetesClients.Connect(
        Kubeconfig.Load(AdminKubeconfig).Connect() with { ClientCertificate = null, Token = new FixedToken(token) }, ClientTransport.Rest);

    public async ValueTask InitializeAsync()
    {
        var port = FreePort.Tcp();
        var pki = await ClusterPki.EnsureAsync(new PkiOptions
        {
            DataDirectory = _data.Path,
            NodeName = "node-a",
            NodeAddress = IPAddress.Loopback,
            ServerUrl = new Uri($"https://127.0.0.1:{port}"),
        });
        _store = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = Path.Combine(_data.Path, "store") });
        _server = await ApiServer.ApiServer.StartAsync(
            new ApiServerOptions { Pki = pki, Listen = [new IPEndPoint(IPAddress.Loopback, port)] }, _store, Logs, _stop.Token);
        AdminKubeconfig = pki.AdminKubeconfig;
        Admin = KubernetesClients.FromKubeconfig(pki.AdminKubeconfig, ClientTransport.Rest);
        var client = KubernetesClients.FromKubeconfig(pki.ControllerManagerKubeconfig);
        var options = new ControllerManagerOptions
        {
            RootCa = await File.ReadAllTextAsync(pki.AuthorityCertificate),
            SigningCertificateFile = pki.AuthorityCertificate,
            SigningKeyFile = Path.Combine(pki.Directory, "ca.key"),
            SecretTokens = SecretTokens.Issuer(pki.ServiceAccountKey),
            AccountClients = KubernetesClients.Accounts(pki.ControllerManagerKubeconfig, client, TimeProvider.System),
        };
        _running.Add(new ControllerManager(client, options, Logs, TimeProvider.System).RunAsync(_stop.Token));
        _running.Add(RunPodsAsync());
        _running.Add(RenewLeaseAsync());
        await Eventually.True(async () => (await Admin.ListAsync<ServiceAccount>("default", ListQuery.All, _stop.Token)).Items.Count == 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        _stop.Dispose();
        _data.Dispose();
    }

    private async Task RunPodsAsync()
    {
        await Admin.CreateAsync(NewNode(), _stop.Token);
        var pods = new Informer<Pod>(Admin, null, ListQuery.All, NullLogger.Instance);
        using var queue = new WorkQueue<ObjectKey>(TimeProvider.System);
        pods.AddHandler((_, current) =>
        {
            if (current is not null)
            {
                queue.Add(ObjectKey.Of(current));
            }
        });
        var informing = pods.RunAsync(_stop.Token);
        try
        {
            while (true)
            {
                var key = await queue.GetAsync(_stop.Token);
                if (pods.Get(key) is { } pod)
                {
                    await RunPodAsync(pod);
                }

                queue.Done(key);
            }
        }
        catch (OperationCanceledException)
        {
            await informing;
        }
    }

    // A node that says nothing for forty seconds counts as lost, and its pods as not ready.
    private async Task RenewLeaseAsync()
    {
        var lease = new Lease { Metadata = new() { Name = "node-a", Namespace = "kube-node-lease" }, Spec = new() { HolderIdentity = "node-a", LeaseDurationSeconds = 40 } };
        try
        {
            while (true)
            {
                lease.Spec.RenewTime = TimeProvider.System.GetUtcNow().ToMicroTime();
                try
                {
                    lease = lease.Metadata.Uid.Length == 0 ? await Admin.CreateAsync(lease, _stop.Token) : await Admin.UpdateAsync(lease, _stop.Token);
                }
                catch (StatusException e) when (e.IsNotFound || e.Code == (int)HttpStatusCode.Forbidden)
                {
                    // Its namespace is made by the server as it starts.
                }

                await Task.Delay(TimeSpan.FromSeconds(5), _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The rig ends.
        }
    }

    private async Task RunPodAsync(Pod pod)
    {
        try
        {
            if (pod.IsTerminating())
            {
                await Admin.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, new() { GracePeriodSeconds = 0 }, _stop.Token);
            }
            else if (!pod.IsScheduled())
            {
                await Admin.BindAsync(pod.Metadata.Namespace, pod.Metadata.Name, "node-a", pod.Metadata.Uid, _stop.Token);
            }
            else if (pod.Status.PodIP.Length == 0)
            {
                var running = pod.Clone();
                running.Status.Phase = "Running";
                running.Status.PodIP = $"10.244.0.{++_address}";
                running.Status.PodIPs.Add(new PodIP { Ip = running.Status.PodIP });
                running.Status.SetCondition(new() { Type = "Ready", Status = "True", LastTransitionTime = TimeProvider.System.GetUtcNow().ToTime() });
                await Admin.UpdateStatusAsync(running, _stop.Token);
            }
        }
        catch (StatusException e) when (e.IsConflict || e.IsNotFound || e.Code == (int)HttpStatusCode.Forbidden)
        {
            // It changed meanwhile, and that comes as an event of its own; or its namespace ends, where nothing is bound any more.
        }
    }

    private static Node NewNode() => new()
    {
        Metadata = new() { Name = "node-a" },
        Status = new()
        {
            Allocatable = { ["cpu"] = new() { String = "64" }, ["memory"] = new() { String = "64Gi" }, ["pods"] = new() { String = "110" } },
            Conditions = { new NodeCondition { Type = "Ready", Status = "True" } },
        },
    };
}

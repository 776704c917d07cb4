using System.Net;
using Cluster.Client;
using Cluster.Dataplane;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Udp;
using Cluster.Proxy.Dns;
using Cluster.Proxy.Reflection;
using Cluster.Proxy.Serving;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy;

/// <summary>A node's proxy: makes the cluster's Services reachable here, and answers the cluster's DNS names.</summary>
/// <remarks>
/// What it makes on the host (routes, one nftables table) stays when it ends, so that a restart finds it; <see cref="NodePlane.RemoveAsync"/>
/// takes it away. The host process chooses <c>DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS</c>.
/// </remarks>
public sealed class KubeProxy(IApiClient client, ProxyOptions options, ILoggerFactory logs, TimeProvider time)
{
    private readonly ProxyHealth _health = new(options.HealthTimeout, time);
    private readonly SyncMetrics _syncs = new(time);
    private readonly ILogger _logger = logs.CreateLogger<KubeProxy>();
    private volatile ClusterDns? _dns;
    private volatile NodeDataplane? _dataplane;

    /// <summary>The first whole table is in effect, and DNS answers where it is ours to answer.</summary>
    public bool IsReady => _health.IsSynced && DnsAnswers;

    private bool DnsAnswers => options.DnsAddress is null || _dns is { Answers: true };

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="Exception">A port of its own is taken, or routes or rules can't be made; the message says which.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var metrics = new MetricsText();
        var servers = Serve(metrics);
        try
        {
            await NodePlane.RemoveOtherModesAsync(options, logs, cancellationToken);
            await using var dataplane = new NodeDataplane(
                new DataplaneOptions
                {
                    Udp = new UdpRelayOptions { IdleTimeout = options.UdpIdleTimeout },
                    PodRanges = options.PodRanges,
                    KernelNat = NodePlane.KernelNat(options),
                    SocketLb = NodePlane.SocketPath(options),
                },
                NodePlane.VirtualAddresses(options, logs),
                logs,
                time);
            _dataplane = dataplane;
            await using var events = new EventRecorder(client, "kube-proxy", time, _logger, options.NodeName);
            var informers = new InformerFactory(client, logs.CreateLogger<InformerFactory>(), time);
            var conditions = new PortConditions(client, informers.For<Cluster.Api.CoreV1.Service>(), options.NodeName, logs.CreateLogger<PortConditions>(), time);
            await using var healthChecks = new HealthCheckNodePorts(() => _health.IsHealthy, _logger);
            var node = new NodeZone(client, options.NodeName, options.NodePortRanges, logs.CreateLogger<NodeZone>(), time);
            var reflector = new ServiceReflector(informers, dataplane, healthChecks, _health, _syncs, node, logs.CreateLogger<ServiceReflector>(), time);
            reflector.Misconfigured += (service, problem) => events.Record(service, "Warning", "InvalidAnnotation", problem);
            dataplane.FrontendReported += (frontend, result) =>
            {
                conditions.Report(frontend, result);
                Report(events, reflector, frontend, result);
            };
            reflector.HealthCheckReported = (service, port, failure) =>
            {
                conditions.Note(ObjectKey.Of(service), "the health check node port", failure is null ? null : $"{port}: {failure}");
                Report(events, service, port, failure);
            };
            var saved = options.SavedPath is { } path ? new SavedTable(informers, path, SavedTable.CurrentBoot, logs.CreateLogger<SavedTable>(), time) : null;
            saved?.Load();
            _dns = Dns(informers, events);
            await dataplane.StartAsync(DnsPlaces(), cancellationToken);
            await Task.WhenAll(
                informers.RunAsync(cancellationToken),
                reflector.RunAsync(cancellationToken),
                conditions.RunAsync(cancellationToken),
                saved?.RunAsync(cancellationToken) ?? Task.CompletedTask,
                node.RunAsync(cancellationToken),
                _dns?.RunAsync(cancellationToken) ?? Task.CompletedTask);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
        finally
        {
            foreach (var server in servers) await server.DisposeAsync();
        }
    }

    private ClusterDns? Dns(InformerFactory informers, EventRecorder events)
    {
        if (options.DnsAddress is not { } endPoint) return null;
        var logger = logs.CreateLogger<ClusterDns>();
        var zone = new DnsZone(options.ClusterDomain, options.DnsTtl);
        var names = new ClusterZone(informers, zone, options.ClusterDomain, logger);
        var report = new DnsReport(endPoint, options.NodeName, informers.For<Cluster.Api.CoreV1.Service>(), events, logger, time);
        return new ClusterDns(endPoint, zone, names, new ResolverFile(options.ResolverFile, time), options.Dns with { ShortcutClients = options.PodRanges }, report.Tell, logger, time);
    }

    // Ours even where a Service of the same address exists, as kube-dns does so that kubectl shows where DNS is.
    private IReadOnlyCollection<Place> DnsPlaces() => options.DnsAddress is { } dns
        ? [new Place(dns.Address, dns.Port, ServiceProtocol.Udp), new Place(dns.Address, dns.Port, ServiceProtocol.Tcp)]
        : [];

    private List<HttpResponder> Serve(MetricsText metrics)
    {
        var servers = new List<HttpResponder>();
        try
        {
            if (options.Health is { } health) servers.Add(new HttpResponder(health, AnswerHealth, _logger));
            if (options.Metrics is { } endPoint)
                servers.Add(new HttpResponder(endPoint, path => AnswerMetrics(path, metrics) ?? AnswerHealth(path), _logger));
            return servers;
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            var taken = servers.Count == 0 ? options.Health ?? options.Metrics : options.Metrics;
            foreach (var server in servers) server.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw new InvalidOperationException($"cannot listen on {taken}: {exception.Message}", exception);
        }
    }

    private HttpResponse? AnswerMetrics(string path, MetricsText metrics) => (path, _dataplane) switch
    {
        ("/metrics", null) => HttpResponse.Text(200, metrics.ToString()),
        ("/metrics", { } dataplane) when DataplaneAnswers.For(path, metrics, dataplane) is { } answer => answer with { Body = answer.Body + _syncs },
        ("/proxyMode", _) => HttpResponse.Text(200, options.KernelNat ? "nftables" : "relay"),
        (_, { } dataplane) => DataplaneAnswers.For(path, metrics, dataplane),
        _ => null,
    };

    private HttpResponse? AnswerHealth(string path) => path switch
    {
        "/healthz" or "/livez" => new HttpResponse(_health.IsHealthy ? 200 : 503, "application/json", _health.ToJson()),
        "/readyz" => WhyNotReady() is { } why ? HttpResponse.Text(503, why) : HttpResponse.Text(200, "ok"),
        _ => null,
    };

    private string? WhyNotReady() =>
        !_health.IsSynced ? "the first list is not in yet" : DnsAnswers ? null : $"DNS does not answer on {options.DnsAddress}";

    // An address of this node that a service can't have is told where people look: on the service.
    private void Report(EventRecorder events, ServiceReflector reflector, Frontend frontend, FrontendResult result)
    {
        if (result.Error == FrontendError.Withdrawn) return;
        var service = reflector.Find(frontend.Id);
        if (result.IsOpen)
        {
            _logger.LogInformation("{Frontend} is open now", frontend);
            if (service is not null) events.Record(service, "Normal", "Listening", $"{frontend.Place} is served on node {options.NodeName} now");
            return;
        }

        _logger.LogWarning("{Frontend} can't be opened: {Error}: {Message}", frontend, result.Error, result.Message);
        if (service is not null)
            events.Record(service, "Warning", "FailedToListen", $"{frontend.Place} can't be served on node {options.NodeName}: {result.Message}");
    }

    private void Report(EventRecorder events, Cluster.Api.CoreV1.Service service, int port, string? failure)
    {
        if (failure is null)
        {
            if (port != 0) events.Record(service, "Normal", "Listening", $"{HealthCheckPlace(port)} is served on node {options.NodeName} now");
            return;
        }

        _logger.LogWarning("{Place} of {Service} can't be opened: {Message}", HealthCheckPlace(port), ObjectKey.Of(service), failure);
        events.Record(service, "Warning", "FailedToListen", $"{HealthCheckPlace(port)} can't be served on node {options.NodeName}: {failure}");
    }

    private static string HealthCheckPlace(int port) => $"health check node port {port}";
}

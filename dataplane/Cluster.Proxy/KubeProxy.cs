using System.Net;
using Cluster.Client;
using Cluster.Dataplane;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux.Nftables;
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
/// <param name="client">Reaches the API server.</param>
/// <param name="options">How it runs.</param>
/// <param name="logs">Where it tells what happens.</param>
/// <param name="time">Its clock.</param>
/// <param name="succession">How it takes over from a process that runs already, and is taken over from; null: neither.</param>
public sealed class KubeProxy(IApiClient client, ProxyOptions options, ILoggerFactory logs, TimeProvider time, Succession? succession = null)
{
    /// <summary>So long a process that could take over waits for the API's own word; then what was saved has to do.</summary>
    private static readonly TimeSpan SyncPatience = TimeSpan.FromSeconds(20);

    private readonly Succession _succession = succession ?? new Succession(null, logs.CreateLogger<Succession>());
    private readonly ProxyHealth _health = new(options.HealthTimeout, time);
    private readonly SyncMetrics _syncs = new(time);
    private readonly ILogger _logger = logs.CreateLogger<KubeProxy>();
    private volatile ClusterDns? _dns;
    private volatile NodeDataplane? _dataplane;

    /// <summary>The first whole table is in effect, and DNS answers where it is ours to answer.</summary>
    public bool IsReady => WhyNotReady() is null;

    /// <summary>Connections and sessions being relayed. Any thread.</summary>
    public int Clients => _dataplane is { } dataplane ? dataplane.ActiveConnections + dataplane.ActiveSessions : 0;

    private bool DnsAnswers => options.DnsAddress is null || _dns is { Answers: true };

    /// <summary>Runs until cancelled, or until another process has taken over and the connections there were have ended.</summary>
    /// <exception cref="HandoverException">It could not take over from the process that serves, which serves on.</exception>
    /// <exception cref="Exception">Another proxy serves the node, a port of its own is taken, or routes or rules can't be made; the message says which.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var metrics = new MetricsText();
        _succession.Begin();
        using var claim = new NodeClaim(options.Table, _logger, time);
        var servers = new List<HttpResponder>();
        try
        {
            if (!_succession.Sockets.IsTakingOver) await ClaimAsync(claim, cancellationToken);
            Serve(servers, metrics);
            if (!_succession.Sockets.IsTakingOver) await NodePlane.RemoveOtherModesAsync(options, logs, cancellationToken);
            await using var dataplane = new NodeDataplane(
                new DataplaneOptions
                {
                    Udp = new UdpRelayOptions { IdleTimeout = options.UdpIdleTimeout },
                    PodRanges = options.PodRanges,
                    KernelNat = NodePlane.KernelNat(options),
                    Sockets = _succession.Sockets,
                    SocketLb = NodePlane.SocketPath(options),
                },
                NodePlane.VirtualAddresses(options, logs),
                logs,
                time);
            _dataplane = dataplane;
            // Before the data plane goes: nobody is handed over what is being closed.
            using var succeeding = _succession;
            await using var draining = new OwnedUntilEnd();
            await using var events = new EventRecorder(client, "kube-proxy", time, _logger, options.NodeName);
            var informers = new InformerFactory(client, logs.CreateLogger<InformerFactory>(), time);
            var conditions = new PortConditions(client, informers.For<Cluster.Api.CoreV1.Service>(), options.NodeName, logs.CreateLogger<PortConditions>(), time);
            await using var healthChecks = new HealthCheckNodePorts(() => _health.IsHealthy, _logger, _succession);
            var node = new NodeZone(client, options.NodeName, NodePlane.NodePortRanges(options), _health, logs.CreateLogger<NodeZone>(), time);
            var reflector = new ServiceReflector(informers, dataplane, healthChecks, _health, _syncs, node, logs.CreateLogger<ServiceReflector>(), time) { KernelNat = options.KernelNat };
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
            using var following = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var dns = UntilStoppedAsync(_dns?.RunAsync(following.Token) ?? Task.CompletedTask);
            await Task.WhenAll(
                SucceedAsync(dataplane, draining, claim, following),
                UntilStoppedAsync(informers.RunAsync(following.Token)),
                UntilStoppedAsync(reflector.RunAsync(following.Token)),
                UntilStoppedAsync(conditions.RunAsync(following.Token)),
                UntilStoppedAsync(saved?.RunAsync(following.Token) ?? Task.CompletedTask),
                UntilStoppedAsync(node.RunAsync(following.Token)));
            foreach (var server in servers) await server.DisposeAsync();
            await healthChecks.DisposeAsync();
            await dns;
            cancellationToken.ThrowIfCancellationRequested();
            using var left = _succession.TellWhatIsLeft(() => LeftText.Of(dataplane.Directory));
            _logger.LogInformation("{Connections} connections go on here for {Limit} at most", dataplane.ActiveConnections, options.DrainTimeout);
            await dataplane.DrainAsync(options.DrainTimeout, cancellationToken);
            _logger.LogInformation("Ending with {Connections} connections left", dataplane.ActiveConnections);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
        finally
        {
            foreach (var server in servers) await server.DisposeAsync();
            _succession.Dispose();
        }
    }

    // Takes over, and then waits to be taken over from; ends what follows the API in either case of an end.
    private async Task SucceedAsync(NodeDataplane dataplane, OwnedUntilEnd draining, NodeClaim claim, CancellationTokenSource following)
    {
        try
        {
            if (_succession.Sockets.IsTakingOver)
            {
                await PreparedInTimeAsync(following.Token);
                await _succession.TakeOverAsync(dataplane);
                await ClaimTakenOverAsync(claim, following.Token);
                await RemoveOtherModesAsync(following.Token);
            }

            // Not before: until it serves, the kubelet asks the other process.
            draining.Value = Draining(dataplane);
            if (_dns is { } dns) await dns.Tried.WaitAsync(following.Token);
            _succession.StandReady(dataplane);
            await _succession.HandedOver.WaitAsync(following.Token);
            claim.Dispose();
        }
        catch (OperationCanceledException) when (following.IsCancellationRequested)
        {
            // Stopping.
        }
        finally
        {
            await following.CancelAsync();
        }
    }

    // Without routes and rules two proxies meet at ports alone, and the second is told so there.
    private Task ClaimAsync(NodeClaim claim, CancellationToken cancellationToken) =>
        options.CaptureVirtualAddresses && OperatingSystem.IsLinux() ? claim.TakeAsync(cancellationToken) : Task.CompletedTask;

    private async Task ClaimTakenOverAsync(NodeClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            await ClaimAsync(claim, cancellationToken);
        }
        catch (InvalidOperationException exception)
        {
            // There is nobody left who would serve instead.
            _logger.LogWarning("This process serves now, but {Reason}", exception.Message);
        }
    }

    private async Task RemoveOtherModesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await NodePlane.RemoveOtherModesAsync(options, logs, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidOperationException or NftException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // There is nobody left who would serve instead.
            _logger.LogError(exception, "What a process of another mode left can't be removed");
        }
    }

    private async Task PreparedInTimeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PreparedAsync(cancellationToken).WaitAsync(Succession.PreparationTime, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new HandoverException(
                $"this process knows of no services after {Succession.PreparationTime.TotalSeconds:0} s, for the API server does not answer and nothing was saved: the other one serves on", exception);
        }
    }

    // The process that serves knows the services best: with what was saved, one takes over where the API is away for long.
    private async Task PreparedAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAny(_health.WhenSynced, Task.Delay(SyncPatience, time, cancellationToken));
        await _health.WhenLoaded.WaitAsync(cancellationToken);
        if (_dns is { } dns) await dns.Loaded.WaitAsync(cancellationToken);
    }

    private static async Task UntilStoppedAsync(Task task)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException)
        {
            // The process stops, or another one serves.
        }
    }

    private DrainServer? Draining(NodeDataplane dataplane)
    {
        if (options.DrainSocket is not { } path) return null;
        try
        {
            return new DrainServer(path, dataplane.ConnectionsOf, _logger, time);
        }
        catch (Exception exception) when (exception is System.Net.Sockets.SocketException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            // Traffic is none the worse for it.
            _logger.LogWarning("Pods are stopped without waiting for their connections, as {Path} can't be made: {Reason}", path, exception.Message);
            return null;
        }
    }

    private ClusterDns? Dns(InformerFactory informers, EventRecorder events)
    {
        if (options.DnsAddress is not { } endPoint) return null;
        var logger = logs.CreateLogger<ClusterDns>();
        var zone = new DnsZone(options.ClusterDomain, options.DnsTtl);
        var names = new ClusterZone(informers, zone, options.ClusterDomain, logger);
        var report = new DnsReport(endPoint, options.NodeName, informers.For<Cluster.Api.CoreV1.Service>(), events, logger, time);
        return new ClusterDns(endPoint, zone, names, new ResolverFile(options.ResolverFile, time), options.Dns with { ShortcutClients = options.PodRanges }, report.Tell, logger, time, _succession);
    }

    // Ours even where a Service of the same address exists, as kube-dns does so that kubectl shows where DNS is.
    private IReadOnlyCollection<Place> DnsPlaces() => options.DnsAddress is { } dns
        ? [new Place(dns.Address, dns.Port, ServiceProtocol.Udp), new Place(dns.Address, dns.Port, ServiceProtocol.Tcp)]
        : [];

    private sealed class OwnedUntilEnd : IAsyncDisposable
    {
        public IAsyncDisposable? Value { get; set; }

        public ValueTask DisposeAsync() => Value?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private void Serve(List<HttpResponder> servers, MetricsText metrics)
    {
        try
        {
            if (options.Health is { } health) servers.Add(new HttpResponder(health, AnswerHealth, _logger, _succession));
            if (options.Metrics is { } endPoint)
                servers.Add(new HttpResponder(endPoint, path => AnswerMetrics(path, metrics) ?? AnswerHealth(path), _logger, _succession));
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            var taken = servers.Count == 0 ? options.Health ?? options.Metrics : options.Metrics;
            throw new InvalidOperationException($"cannot listen on {taken}: {exception.Message}", exception);
        }
    }

    private HttpResponse? AnswerMetrics(string path, MetricsText metrics) => (path, _dataplane) switch
    {
        ("/metrics", null) => HttpResponse.Text(200, metrics.ToString()),
        ("/metrics", { } dataplane) when DataplaneAnswers.For(path, metrics, dataplane, _succession) is { } answer => answer with { Body = answer.Body + _syncs },
        ("/proxyMode", _) => HttpResponse.Text(200, options.KernelNat ? "nftables" : "relay"),
        (_, { } dataplane) => DataplaneAnswers.For(path, metrics, dataplane, _succession),
        _ => null,
    };

    private HttpResponse? AnswerHealth(string path) => path switch
    {
        "/healthz" => new HttpResponse(_health.IsHealthy && _health.IsNodeEligible ? 200 : 503, "application/json", _health.ToJson()),
        "/livez" => new HttpResponse(_health.IsHealthy ? 200 : 503, "application/json", _health.ToLiveJson()),
        "/readyz" => WhyNotReady() is { } why ? HttpResponse.Text(503, why) : HttpResponse.Text(200, "ok"),
        _ => null,
    };

    // Once another process serves, what still asks here is told of that one.
    private string? WhyNotReady() =>
        _succession.HandedOver.IsCompleted ? null
        : !_health.IsSynced ? "the first list is not in yet"
        : !DnsAnswers ? $"DNS does not answer on {options.DnsAddress}"
        : !_succession.IsStanding ? "not all is taken over yet" : null;

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

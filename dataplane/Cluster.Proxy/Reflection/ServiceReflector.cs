using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Dataplane;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Serving;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Reflection;

/// <summary>Keeps the data plane's table equal to the API's Services and EndpointSlices.</summary>
/// <remarks>
/// Informers tell which services changed; one loop takes all that came up meanwhile, translates those services alone and publishes
/// once. While the API is away nothing is told and the last table stays in force.
/// </remarks>
internal sealed class ServiceReflector
{
    private const string ByService = "service";

    /// <summary>When the pods changed of which a slice tells, as Kubernetes' endpoint controllers write it.</summary>
    private const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>How soon a health check node port that was taken is tried again.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private readonly Channel<ObjectKey?> _changed = Channel.CreateUnbounded<ObjectKey?>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<ObjectKey, HashSet<ServicePortId>> _known = [];
    private readonly Dictionary<ObjectKey, string> _problems = [];
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly NodeDataplane _dataplane;
    private readonly HealthCheckNodePorts _healthChecks;
    private readonly HashSet<ObjectKey> _healthChecked = [];
    private readonly Dictionary<ObjectKey, string> _healthCheckFailures = [];
    private readonly ConcurrentDictionary<ObjectKey, bool> _retried = new();
    private readonly ConcurrentQueue<DateTimeOffset> _triggers = new();
    private readonly DateTimeOffset _began;
    private readonly SyncMetrics _metrics;
    private readonly ProxyHealth _health;
    private readonly NodeZone _node;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    public ServiceReflector(
        InformerFactory informers, NodeDataplane dataplane, HealthCheckNodePorts healthChecks, ProxyHealth health, SyncMetrics metrics, NodeZone node, ILogger logger, TimeProvider time)
    {
        _services = informers.For<Service>();
        _slices = informers.For<EndpointSlice>();
        _dataplane = dataplane;
        _healthChecks = healthChecks;
        _health = health;
        _metrics = metrics;
        _began = time.GetUtcNow();
        _node = node;
        _logger = logger;
        _time = time;
        _node.Changed += () =>
        {
            foreach (var service in _services.List()) Changed(ObjectKey.Of(service));
        };
        _slices.AddIndex(ByService, slice => ServiceNames.ServiceOf(slice) is { } key ? [key.ToString()] : []);
        _services.AddHandler((old, current) =>
        {
            _metrics.ServiceChanged();
            Changed(ObjectKey.Of((IApiObject?)current ?? old!));
        });
        _slices.AddHandler((old, current) =>
        {
            _metrics.EndpointsChanged();
            NoteTrigger(old, current);
            // A slice may have been given to another service: both must look again.
            if (old is not null && ServiceNames.ServiceOf(old) is { } before) Changed(before);
            if (current is not null && ServiceNames.ServiceOf(current) is { } after) Changed(after);
        });
    }

    /// <summary>The Service a port belongs to, as last seen.</summary>
    public Service? Find(ServicePortId id) => _services.Get(ServiceNames.ServiceOf(id));

    /// <summary>Told of a service that asks for something this proxy does not know, once until it is another.</summary>
    public event Action<Service, string>? Misconfigured;

    /// <summary>The kernel translates: annotations that it can't follow are told too.</summary>
    public bool KernelNat { get; init; }

    /// <summary>Told of a service's health check node port with why it can't be served, or with null that it is.</summary>
    public Action<Service, int, string?>? HealthCheckReported { get; set; }

    /// <summary>Follows until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // What is there first may be what an earlier process saved; the API's own word tells as changes what is different now.
        var synced = WakeWhenSyncedAsync(cancellationToken);
        // Both lists first: services without their endpoints would be refused for a moment after each start.
        await _services.WaitForContentAsync(cancellationToken);
        await _slices.WaitForContentAsync(cancellationToken);
        _health.Begun();
        await ApplyAsync([.. _services.List().Select(service => ObjectKey.Of(service))]);

        var keys = new HashSet<ObjectKey>();
        while (await _changed.Reader.WaitToReadAsync(cancellationToken))
        {
            keys.Clear();
            while (_changed.Reader.TryRead(out var changed))
                if (changed is { } key) keys.Add(key);
            // After they are taken, as none of them waits any more once it is applied. One that comes in between is counted the next time, which is at once.
            _health.Begun();
            await ApplyAsync(keys);
            if (synced.IsCompletedSuccessfully) _health.Synced();
        }
    }

    private async Task WakeWhenSyncedAsync(CancellationToken cancellationToken)
    {
        await _services.WaitForSyncAsync(cancellationToken);
        await _slices.WaitForSyncAsync(cancellationToken);
        // Said at this point because what the start takes from here on is the proxy's own affair, and measured (perf/Cluster.LoadTests).
        _logger.LogInformation("The API server has listed {Services} services", _services.List().Count);
        _changed.Writer.TryWrite(null);
    }

    // What was caused before this process began came into effect before, by its predecessor, or could not.
    private void NoteTrigger(EndpointSlice? old, EndpointSlice? current)
    {
        if (Trigger(current) is not { } text || text == Trigger(old)) return;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at > _began) _triggers.Enqueue(at);
    }

    private static string? Trigger(EndpointSlice? slice) => slice?.Metadata.Annotations.TryGetValue(TriggerTime, out var text) == true ? text : null;

    private void Changed(ObjectKey service)
    {
        _health.Queued();
        _changed.Writer.TryWrite(service);
    }

    // Waiting until frontends have followed bounds what is under way and gathers the next changes meanwhile; balancing itself
    // uses the new table from the publication on.
    private async Task ApplyAsync(HashSet<ObjectKey> services)
    {
        var taken = _time.GetTimestamp();
        var triggers = TakeTriggers();
        foreach (var key in services)
        {
            try
            {
                Translate(key);
                await HealthCheckAsync(key);
            }
            catch (Exception exception)
            {
                // One service that can't be understood must not keep the others from following.
                _logger.LogError(exception, "Service {Service} could not be reflected", key);
            }
        }

        await _dataplane.Publish();
        _health.Applied();
        _metrics.Synced(_time.GetElapsedTime(taken), triggers);
    }

    private List<DateTimeOffset> TakeTriggers()
    {
        var triggers = new List<DateTimeOffset>();
        while (_triggers.TryDequeue(out var trigger)) triggers.Add(trigger);
        return triggers;
    }

    private void TellOfProblems(Service service)
    {
        // A service is translated with every change of its endpoints; what is wrong with it is told when it is new.
        var key = ObjectKey.Of(service);
        var problems = Problems(service);
        var text = string.Join("; ", problems);
        if (_problems.GetValueOrDefault(key, "") == text) return;
        if (text.Length == 0) _problems.Remove(key);
        else _problems[key] = text;
        foreach (var problem in problems) Misconfigured?.Invoke(service, problem);
    }

    private IReadOnlyList<string> Problems(Service service)
    {
        var problems = new ServiceAnnotations(service).Problems;
        if (!KernelNat || ServiceTranslator.Translate(service, [], _node.Place).Select(pair => pair.Port).FirstOrDefault() is not { } port) return problems;
        return [.. problems, .. NatOptions.WithoutEffect(port).Select(name => $"annotation {ServiceAnnotations.Prefix}{name} has no effect in the proxy mode nftables")];
    }

    private async Task HealthCheckAsync(ObjectKey key)
    {
        var service = _services.Get(key);
        var (port, localEndpoints) = service is null ? (0, 0) : ServiceTranslator.HealthCheck(service, _slices.ByIndex(ByService, key.ToString()), _node.Place.Name);
        if (port == 0 && !_healthChecked.Remove(key)) return;
        if (port != 0) _healthChecked.Add(key);
        var failure = await _healthChecks.SetAsync(key, port, localEndpoints);
        var before = _healthCheckFailures.GetValueOrDefault(key);
        if (failure is null) _healthCheckFailures.Remove(key);
        else _healthCheckFailures[key] = failure;
        // Told when it changes, not with each try.
        if (service is not null && failure != before) HealthCheckReported?.Invoke(service, port, failure);
        // One wait for each, however often its endpoints change meanwhile.
        if (failure is not null && _retried.TryAdd(key, true)) _ = ChangedLaterAsync(key);
    }

    private async Task ChangedLaterAsync(ObjectKey service)
    {
        await Task.Delay(RetryDelay, _time);
        _retried.TryRemove(service, out _);
        _changed.Writer.TryWrite(service);
    }

    private void Translate(ObjectKey key)
    {
        var before = _known.GetValueOrDefault(key) ?? [];
        var after = new HashSet<ServicePortId>();
        if (_services.Get(key) is { } service)
        {
            TellOfProblems(service);
            foreach (var (port, backends) in ServiceTranslator.Translate(service, _slices.ByIndex(ByService, key.ToString()), _node.Place))
            {
                after.Add(port.Id);
                _dataplane.Directory.Set(port, backends);
            }
        }

        foreach (var gone in before.Except(after)) _dataplane.Directory.Remove(gone);
        if (_services.Get(key) is null) _problems.Remove(key);
        if (after.Count == 0) _known.Remove(key);
        else _known[key] = after;
    }
}

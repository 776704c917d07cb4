using System.Threading.Channels;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Dataplane.Dns;
using Cluster.Proxy.Reflection;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Dns;

/// <summary>Keeps a zone equal to the API's Services and EndpointSlices.</summary>
/// <remarks>
/// Informers tell which services changed; one loop takes all that came up meanwhile and writes the names of those services alone, of which
/// the zone changes those that are others now. While the API is away the names known last stay.
/// </remarks>
internal sealed class ClusterZone
{
    private const string ByService = "service";
    private const string Reverse = ".arpa";

    private readonly Channel<ObjectKey> _changed = Channel.CreateUnbounded<ObjectKey>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<ObjectKey, string[]> _written = [];
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly DnsZone _zone;
    private readonly ReverseNames _reverse;
    private readonly NamespaceNames _namespaces;
    private readonly ServiceRecords _records;
    private readonly ILogger _logger;

    public ClusterZone(InformerFactory informers, DnsZone zone, string domain, ILogger logger)
    {
        _zone = zone;
        _reverse = new ReverseNames(zone);
        _namespaces = new NamespaceNames(zone, domain);
        _records = new ServiceRecords(domain, zone.TtlSeconds);
        _logger = logger;
        _services = informers.For<Service>();
        _slices = informers.For<EndpointSlice>();
        _slices.AddIndex(ByService, slice => ServiceNames.ServiceOf(slice) is { } key ? [key.ToString()] : []);
        _services.AddHandler((old, current) => Changed(ObjectKey.Of((IApiObject?)current ?? old!)));
        _slices.AddHandler((old, current) =>
        {
            // A slice may have been given to another service: both must look again.
            if (old is not null && ServiceNames.ServiceOf(old) is { } before) Changed(before);
            if (current is not null && ServiceNames.ServiceOf(current) is { } after) Changed(after);
        });
        zone.Set($"svc.{domain}", []);
        zone.Set($"pod.{domain}", []);
        zone.Set($"dns-version.{domain}", [new TextRecord("1.1.0", zone.TtlSeconds)]);
    }

    /// <summary>Completes when all names there are stand in the zone.</summary>
    public Task Loaded => _loaded.Task;

    /// <summary>Follows until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Both lists first, the API's or those an earlier process saved: that a name does not exist is believed.
            await _services.WaitForContentAsync(cancellationToken);
            await _slices.WaitForContentAsync(cancellationToken);
            foreach (var service in _services.List()) Apply(ObjectKey.Of(service));
            _zone.IsLoaded = true;
            _loaded.TrySetResult();
            var keys = new HashSet<ObjectKey>();
            while (await _changed.Reader.WaitToReadAsync(cancellationToken))
            {
                keys.Clear();
                while (_changed.Reader.TryRead(out var key)) keys.Add(key);
                foreach (var key in keys) Apply(key);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
    }

    private void Changed(ObjectKey service) => _changed.Writer.TryWrite(service);

    private void Apply(ObjectKey key)
    {
        try
        {
            Write(key, _services.Get(key) is { } service ? _records.Of(service, _slices.ByIndex(ByService, key.ToString())) : null);
        }
        catch (Exception exception)
        {
            // One service that can't be understood must not keep the others from being found.
            _logger.LogError(exception, "The names of service {Service} could not be written", key);
        }
    }

    private void Write(ObjectKey key, Dictionary<string, List<DnsRecord>>? names)
    {
        bool known = _written.TryGetValue(key, out var before);
        if (!known && names is not null) _namespaces.Add(key.Namespace ?? "");
        foreach (var (name, records) in names ?? [])
        {
            if (IsReverse(name)) _reverse.Set(key, name, [.. records]);
            else _zone.Set(name, records);
        }

        foreach (var name in before ?? [])
        {
            if (names?.ContainsKey(name) == true) continue;
            if (IsReverse(name)) _reverse.Remove(key, name);
            else _zone.Remove(name);
        }

        if (names is not null) _written[key] = [.. names.Keys];
        else if (_written.Remove(key)) _namespaces.Remove(key.Namespace ?? "");
    }

    private static bool IsReverse(string name) => name.EndsWith(Reverse, StringComparison.Ordinal);
}

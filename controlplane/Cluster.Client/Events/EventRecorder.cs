using System.Globalization;
using System.Threading.Channels;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Microsoft.Extensions.Logging;

namespace Cluster.Client;

/// <summary>Writes Events about objects: what a component did, for those who ask why.</summary>
/// <remarks>
/// Recording never waits and never fails: events go through a bounded queue to one sender, and those that do not fit, that say too much, or
/// that the server refuses are dropped. Repeats become a count on the first one. Disposing sends what is queued, within a second.
/// </remarks>
public sealed class EventRecorder : IAsyncDisposable
{
    /// <summary>client-go's queue length.</summary>
    private const int QueueLength = 1000;

    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);

    private readonly Channel<Observed> _queue =
        Channel.CreateBounded<Observed>(new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly IApiClient _client;
    private readonly EventSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EventCorrelator _correlator;
    private readonly Task _sending;

    // Of the last event made: events of one moment must not share a name. Only the sender uses it.
    private long _lastStamp;

    /// <param name="client">Where events go.</param>
    /// <param name="component">Who says it, such as <c>replicaset-controller</c>.</param>
    /// <param name="time">The clock of the timestamps.</param>
    /// <param name="logger">Where failures to send are told.</param>
    /// <param name="host">The node the component runs on, if it belongs to one.</param>
    public EventRecorder(IApiClient client, string component, TimeProvider time, ILogger logger, string? host = null)
    {
        _client = client;
        _source = new() { Component = component, Host = host ?? "" };
        _time = time;
        _logger = logger;
        _correlator = new(time);
        _sending = Task.Run(SendAllAsync);
    }

    /// <param name="about">The object; it must have a name. Events about cluster-scoped objects go to namespace default.</param>
    /// <param name="type"><c>Normal</c> or <c>Warning</c>.</param>
    /// <param name="reason">One word in camel case, for machines.</param>
    /// <param name="message">For people.</param>
    public void Record(IApiObject about, string type, string reason, string message) =>
        Record(ObjectReferences.To(about), type, reason, message);

    /// <summary>As the other, about an object known by reference, or a part of one (fieldPath).</summary>
    public void Record(ObjectReference about, string type, string reason, string message) =>
        _queue.Writer.TryWrite(new(about, type, reason, message, _time.GetUtcNow()));

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        _stop.CancelAfter(FlushTime);
        await _sending;
        _stop.Dispose();
    }

    private async Task SendAllAsync()
    {
        try
        {
            await foreach (var observed in _queue.Reader.ReadAllAsync(_stop.Token))
            {
                await SendAsync(observed);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed, and the flush took too long: events are only hints.
        }
    }

    private async Task SendAsync(Observed observed)
    {
        try
        {
            if (_correlator.Correlate(observed) is not { } record)
            {
                return;
            }

            var name = await TryCountAsync(record) ? record.ExistingName! : await CreateAsync(record);
            _correlator.Remember(record, name);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // An event that cannot be written must not disturb the work it tells of.
            _logger.LogWarning("Event {Reason} about {Namespace}/{Name} was not written: {Message}", observed.Reason, observed.About.Namespace, observed.About.Name, e.Message);
        }
    }

    private async Task<bool> TryCountAsync(CorrelatedEvent record)
    {
        if (record.ExistingName is null)
        {
            return false;
        }

        // Numbers and a timestamp of ours only: nothing here needs escaping.
        var seen = record.Observed.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var patch = PatchBody.Merge($$"""{"count":{{record.Count}},"lastTimestamp":"{{seen}}"}""");
        try
        {
            await _client.PatchAsync<Event>(NamespaceOf(record.Observed.About), record.ExistingName, patch, null, _stop.Token);
            return true;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // It outlived its hour: begin again.
            return false;
        }
    }

    private async Task<string> CreateAsync(CorrelatedEvent record)
    {
        var created = await _client.CreateAsync(NewEvent(record), _stop.Token);
        return created.Metadata.Name;
    }

    private Event NewEvent(CorrelatedEvent record)
    {
        var observed = record.Observed;
        return new()
        {
            Metadata = new()
            {
                Name = $"{observed.About.Name}.{NextStamp(observed.At):x16}",
                Namespace = NamespaceOf(observed.About),
            },
            InvolvedObject = observed.About,
            Reason = observed.Reason,
            Message = record.Message,
            Type = observed.Type,
            Source = _source,
            ReportingComponent = _source.Component,
            ReportingInstance = _source.Host,
            FirstTimestamp = observed.At.ToTime(),
            LastTimestamp = observed.At.ToTime(),
            Count = record.Count,
        };
    }

    /// <summary>Nanoseconds of Unix time, as Kubernetes names events, but never the same twice.</summary>
    private long NextStamp(DateTimeOffset at)
    {
        var nanoseconds = (at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) * TimeSpan.NanosecondsPerTick;
        return _lastStamp = Math.Max(_lastStamp + 1, nanoseconds);
    }

    private static string NamespaceOf(ObjectReference about) => about.Namespace.Length == 0 ? "default" : about.Namespace;
}

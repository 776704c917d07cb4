using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Reflection;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy;

/// <summary>
/// Keeps, on each Service, a condition that tells what of it this node can't serve: <c>NODE/PortConflict</c> while there is something,
/// and none once it is resolved. Each node has a condition type of its own, so nodes never write over one another.
/// </summary>
/// <remarks>
/// Level-triggered: what should stand there is compared with the Service as last seen, so a condition that an earlier process of this
/// node left goes too. Reports come from the data plane's loop and never wait.
/// </remarks>
internal sealed class PortConditions
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private readonly Channel<ObjectKey> _due = Channel.CreateUnbounded<ObjectKey>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<ObjectKey, SortedDictionary<string, string>> _failures = new();
    private readonly IApiClient _client;
    private readonly Informer<Service> _services;
    private readonly string _type;
    private readonly string _nodeName;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    public PortConditions(IApiClient client, Informer<Service> services, string nodeName, ILogger logger, TimeProvider time)
    {
        _client = client;
        _services = services;
        _type = nodeName + "/PortConflict";
        _nodeName = nodeName;
        _logger = logger;
        _time = time;
        services.AddHandler((_, current) =>
        {
            if (current is not null && (Find(current) is not null || _failures.ContainsKey(ObjectKey.Of(current)))) _due.Writer.TryWrite(ObjectKey.Of(current));
        });
    }

    /// <summary>Notes what became of a frontend.</summary>
    public void Report(Frontend frontend, FrontendResult result) =>
        Note(ServiceNames.ServiceOf(frontend.Id), frontend.Place.ToString(), result.IsOpen || result.Error == FrontendError.Withdrawn ? null : result.Message);

    /// <summary>Notes why a place of a service can't be served, or with null that it is.</summary>
    public void Note(ObjectKey service, string place, string? failure)
    {
        var failures = _failures.GetOrAdd(service, static _ => new SortedDictionary<string, string>(StringComparer.Ordinal));
        lock (failures)
        {
            if (failures.GetValueOrDefault(place) == failure) return;
            if (failure is null) failures.Remove(place);
            else failures[place] = failure;
        }

        _due.Writer.TryWrite(service);
    }

    /// <summary>Writes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _services.WaitForSyncAsync(cancellationToken);
        await foreach (var key in _due.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                await ReconcileAsync(key, cancellationToken);
            }
            catch (StatusException exception) when (exception.Code == 403)
            {
                // A role as kube-proxy has it. Nothing asks again for what is not granted; events tell the same.
                _logger.LogWarning("Conditions of Services are not written: {Reason}", exception.Message);
                _due.Writer.TryComplete();
                return;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // The API is away or refuses: a condition is a hint, and is offered again a little later.
                _logger.LogDebug(exception, "The condition of {Service} could not be written", key);
                _ = LaterAsync(key, cancellationToken);
            }
        }
    }

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_services.Get(key) is not { } service)
        {
            _failures.TryRemove(key, out _);
            return;
        }

        var (present, wanted) = (Find(service), Message(key));
        if (wanted == present?.Message) return;
        JsonObject condition = wanted is null
            ? new JsonObject { ["$patch"] = "delete", ["type"] = _type }
            : new JsonObject
            {
                ["type"] = _type,
                ["status"] = "True",
                ["reason"] = "FailedToListen",
                ["message"] = wanted,
                ["observedGeneration"] = service.Metadata.Generation,
                ["lastTransitionTime"] = Stamp(),
            };
        var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        try
        {
            await _client.PatchAsync<Service>(key.Namespace, key.Name, PatchBody.Strategic(patch.ToJsonString()), "status", cancellationToken);
        }
        catch (StatusException exception) when (exception.IsNotFound)
        {
            // Deleted meanwhile.
        }
    }

    private string? Message(ObjectKey key)
    {
        if (!_failures.TryGetValue(key, out var failures)) return null;
        lock (failures)
        {
            return failures.Count == 0 ? null
                : $"node {_nodeName} can't serve " + string.Join("; ", failures.Select(pair => $"{pair.Key}: {pair.Value}"));
        }
    }

    private Api.MetaV1.Condition? Find(Service service) => service.Status?.Conditions.FirstOrDefault(condition => condition.Type == _type);

    private string Stamp() => _time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private async Task LaterAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(RetryDelay, _time, cancellationToken);
            _due.Writer.TryWrite(key);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the next process compares again.
        }
    }
}

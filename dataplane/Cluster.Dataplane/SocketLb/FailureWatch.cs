using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.SocketLb;

/// <summary>
/// Keeps connections from backends that do not take them. Programs count failures; who has had one rests, is probed by a TCP connection at
/// once and then ever more rarely, and gets connections again when it answers.
/// </summary>
/// <remarks>
/// Nothing can be tried again for the client that met the failure, so the next ones are kept from it: within a look, a tenth of a second by
/// default. A look costs one read while nothing fails. Where all of a service rest, all are used. Called under the balancer's lock.
/// </remarks>
internal sealed class FailureWatch(SocketMaps maps, SocketTable table, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(1);

    private readonly List<RestingBackend> _resting = [];
    private ulong _seen = Volatile.Read(ref maps.Slots[ListWriter.FailuresSlot]);
    private long[]? _failures;

    /// <summary>Looks for failures, and gives those to probe whose time has come: each is to be told of by <see cref="Probed"/>.</summary>
    public List<RestingBackend> Look()
    {
        var failures = Volatile.Read(ref maps.Slots[ListWriter.FailuresSlot]);
        if (failures != _seen)
        {
            _seen = failures;
            Find();
        }

        if (_resting.Count == 0) return [];
        // Those whose backend or service went meanwhile need no look any more.
        _resting.RemoveAll(resting => resting.Service.Resting.GetValueOrDefault(resting.Key) != resting || !table.Has(resting.Service));
        var now = time.GetTimestamp();
        var due = _resting.FindAll(resting => !resting.IsProbed && resting.ProbeAt <= now);
        foreach (var resting in due) resting.IsProbed = true;
        return due;
    }

    /// <summary>Takes note of what a probe found.</summary>
    public void Probed(RestingBackend resting, bool answers)
    {
        resting.IsProbed = false;
        if (!answers)
        {
            resting.Wait(time);
            return;
        }

        _resting.Remove(resting);
        var service = resting.Service;
        if (!table.Has(service) || service.Resting.GetValueOrDefault(resting.Key) != resting) return;
        service.Resting.Remove(resting.Key);
        table.Rewrite(service);
        logger.LogInformation("{Backend} of {Service} takes connections again", resting.Address, service.Entry!.Port.Id);
    }

    /// <summary>Whether a backend takes a TCP connection.</summary>
    public static async Task<bool> ProbeAsync(RestingBackend resting, TimeProvider time, CancellationToken cancellationToken)
    {
        using var socket = new Socket(resting.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, ProbeTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            await socket.ConnectAsync(resting.Address, limit.Token);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return false;
        }
        finally
        {
            // Where completions run inline this is the engine's thread, which must not wait for a lock.
            await Task.Yield();
        }
    }

    private void Find()
    {
        _failures ??= new long[maps.Backends.Length];
        var changed = new List<SocketService>();
        foreach (var service in table.Services)
        {
            if (service.Entry is not { Port.Id.Protocol: ServiceProtocol.Tcp }) continue;
            foreach (var (key, index) in service.Backends)
            {
                var failed = table.Backends.Counters(index).Failed;
                if (_failures[index] == failed) continue;
                _failures[index] = failed;
                // A record that is another backend's by now begins at nothing.
                if (failed > 0) Rest(service, key);
            }

            if (service.Resting.Count > 0 && service.Backends.Keys.Any(service.Resting.ContainsKey)) changed.Add(service);
        }

        foreach (var service in changed) table.Rewrite(service);
    }

    private void Rest(SocketService service, BackendKey key)
    {
        if (service.Resting.ContainsKey(key) || service.AddressOf(key) is not { } address) return;
        var resting = new RestingBackend(service, key, address);
        service.Resting.Add(key, resting);
        _resting.Add(resting);
        logger.LogInformation("{Backend} of {Service} did not take a connection: others get the next ones until it answers", address, service.Entry!.Port.Id);
    }
}

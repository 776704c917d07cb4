using System.ComponentModel;
using System.Threading.Channels;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Netlink;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Closes sockets of backends that are gone, in every namespace that is served, on a loop of its own. Any thread may ask.</summary>
internal sealed class SocketDestroyer : IAsyncDisposable
{
    private readonly Channel<Request> _requests = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SocketMaps _maps;
    private readonly Func<IReadOnlyList<string>> _namespaces;
    private readonly ILogger _logger;
    private readonly Task _loop;

    /// <param name="maps">Held until this is disposed.</param>
    /// <param name="namespaces">The files of the namespaces served at this moment.</param>
    /// <param name="logger">Where failures are told.</param>
    public SocketDestroyer(SocketMaps maps, Func<IReadOnlyList<string>> namespaces, ILogger logger)
    {
        _maps = maps;
        _namespaces = namespaces;
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Closes the sockets that carry one of the identities.</summary>
    /// <returns>How many were closed.</returns>
    public Task<int> DestroyAsync(ServiceProtocol protocol, IReadOnlyCollection<uint> identities)
    {
        var request = new Request(protocol, identities, new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!_requests.Writer.TryWrite(request)) request.Closed.SetResult(0);
        return request.Closed.Task;
    }

    /// <summary>Takes no more requests; the loop ends by itself.</summary>
    public void Stop() => _requests.Writer.TryComplete();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _loop;
    }

    private async Task RunAsync()
    {
        var batch = new List<Request>();
        while (await _requests.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (_requests.Reader.TryRead(out var request)) batch.Add(request);
            // One look at all sockets for all that came up meanwhile.
            foreach (var group in batch.GroupBy(request => request.Protocol)) Serve(group.Key, [.. group]);
        }
    }

    private void Serve(ServiceProtocol protocol, List<Request> requests)
    {
        var identities = requests.SelectMany(request => request.Identities).ToHashSet();
        var closed = 0;
        foreach (var path in _namespaces())
        {
            try
            {
                closed += NetNamespaces.Run(path, () => protocol == ServiceProtocol.Tcp
                    ? SocketDiagnostics.DestroyTcp(_maps.Sockets, record => identities.Contains(record.Identity))
                    : SocketDiagnostics.DestroyUdp(cookie => _maps.Connected.TryGet(cookie, out var identity) && identities.Contains(identity)));
            }
            catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
            {
                // A namespace that went meanwhile took its sockets along; anything else is told.
                _logger.LogWarning("Sockets of backends that are gone could not be closed in {Namespace}: {Error}", path, exception.Message);
            }
        }

        foreach (var request in requests) request.Closed.TrySetResult(closed);
    }

    private sealed record Request(ServiceProtocol Protocol, IReadOnlyCollection<uint> Identities, TaskCompletionSource<int> Closed);
}

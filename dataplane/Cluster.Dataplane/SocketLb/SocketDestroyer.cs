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
    /// <summary>Where descriptors or memory are short it is tried again so soon: until then sockets speak to whoever has the address.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly Channel<Request> _requests = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SocketMaps _maps;
    private readonly Func<IReadOnlyList<string>> _namespaces;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Task _loop;
    private bool _isShort;

    /// <param name="maps">Held until this is disposed.</param>
    /// <param name="namespaces">The files of the namespaces served at this moment.</param>
    /// <param name="logger">Where failures are told.</param>
    /// <param name="time">By which it waits where something is short.</param>
    public SocketDestroyer(SocketMaps maps, Func<IReadOnlyList<string>> namespaces, ILogger logger, TimeProvider time)
    {
        _maps = maps;
        _namespaces = namespaces;
        _logger = logger;
        _time = time;
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
        var owed = new List<Request>();
        while (owed.Count > 0 || await _requests.Reader.WaitToReadAsync())
        {
            while (_requests.Reader.TryRead(out var request)) owed.Add(request);
            // One look at all sockets for all that came up meanwhile.
            foreach (var group in owed.GroupBy(request => request.Protocol).ToList())
                if (TryServe(group.Key, [.. group])) owed.RemoveAll(request => request.Protocol == group.Key);
            _isShort = owed.Count > 0;
            if (!_isShort) continue;
            if (_requests.Reader.Completion.IsCompleted) break;
            await Task.Delay(RetryPause, _time);
        }

        foreach (var request in owed) request.Closed.TrySetResult(request.Count);
    }

    /// <summary>False where there was not enough to do it all with; identities are never given twice, so that it can be done again.</summary>
    private bool TryServe(ServiceProtocol protocol, List<Request> requests)
    {
        var identities = requests.SelectMany(request => request.Identities).ToHashSet();
        var (closed, isWhole) = (0, true);
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
                // A namespace that went meanwhile took its sockets along; anything else is told, and once where it is tried again.
                if (!_isShort) _logger.LogWarning("Sockets of backends that are gone could not be closed in {Namespace}: {Error}", path, exception.Message);
                isWhole &= !Shortage.Is(exception);
            }
        }

        foreach (var request in requests)
        {
            request.Count += closed;
            if (isWhole) request.Closed.TrySetResult(request.Count);
        }

        return isWhole;
    }

    private sealed record Request(ServiceProtocol Protocol, IReadOnlyCollection<uint> Identities, TaskCompletionSource<int> Closed)
    {
        /// <summary>Closed so far.</summary>
        public int Count { get; set; }
    }
}

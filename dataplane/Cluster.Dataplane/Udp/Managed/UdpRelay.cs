using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>Relays UDP with the runtime's own sockets: any operating system, no privileges.</summary>
/// <remarks>
/// A client socket talking to a service is a session with a connected socket of its own, so backends tell clients apart and errors
/// find their way back. Per datagram: a lock-free look-up, no allocation.
/// </remarks>
public sealed class UdpRelay : IRelay
{
    private readonly Dictionary<Frontend, UdpFrontend> _frontends = [];
    private readonly List<UdpFrontend> _closed = [];
    private readonly ITimer _sweep;
    private readonly UdpRelayOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private int _nextId;
    private int _pumps;

    public UdpRelay(ServiceDirectory directory, UdpRelayOptions options, ILogger logger, TimeProvider time)
    {
        Directory = directory;
        _options = options;
        _logger = logger;
        _time = time;
        Sessions = new UdpSessionTable(options.MaxSessions > 0 ? options.MaxSessions : DescriptorBudget.Of(ResourceLimits.OpenFiles).UdpSessions);
        // A quarter of the time-out: a silent session lives at most a quarter longer than promised.
        var period = options.IdleTimeout / 4;
        _sweep = time.CreateTimer(_ => RemoveIdle(), null, period, period);
    }

    public ServiceProtocol Protocol => ServiceProtocol.Udp;

    /// <summary>Sessions open now.</summary>
    public int Active => Sessions.Count;

    internal ServiceDirectory Directory { get; }

    internal UdpSessionTable Sessions { get; }

    public FrontendResult Open(Frontend frontend)
    {
        var (socket, result) = ListenSockets.Open(frontend.EndPoint, ServiceProtocol.Udp);
        if (socket is null) return result;
        var opened = new UdpFrontend(this, frontend, _nextId++, socket);
        _frontends.Add(frontend, opened);
        opened.Start();
        return result;
    }

    public void Close(Frontend frontend)
    {
        if (!_frontends.Remove(frontend, out var open)) return;
        open.Dispose();
        Sessions.RemoveFrontend(open.Id);
        _closed.RemoveAll(static closed => closed.Completion.IsCompleted);
        _closed.Add(open);
    }

    public void BackendsChanged(ServiceEntry entry) => Sessions.RemoveUnserved(entry);

    public async ValueTask DisposeAsync()
    {
        await _sweep.DisposeAsync();
        foreach (var frontend in _frontends.Keys.ToArray()) Close(frontend);
        await Task.WhenAll(_closed.Select(closed => closed.Completion));
        // A datagram in flight while its frontend closed may have opened one more session.
        Sessions.RemoveIdle(long.MaxValue);
        while (Volatile.Read(ref _pumps) > 0) await Task.Yield();
    }

    internal UdpSession? OpenSession(UdpFrontend frontend, UdpSessionKey key, SocketAddress client, Backend backend, ServiceEntry entry)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            try
            {
                var session = new UdpSession(frontend, key, client, backend, _time) { ValidFor = entry };
                Sessions.Add(session);
                Interlocked.Increment(ref _pumps);
                _ = PumpAsync(session);
                return session;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.TooManyOpenSockets)
            {
                Sessions.EvictOldest();
            }
            catch (SocketException exception)
            {
                _logger.LogDebug(exception, "No session to {Backend} for {Frontend}", backend, frontend.Frontend);
                return null;
            }
        }

        return null;
    }

    // Counted in _pumps, which DisposeAsync waits for.
    private async Task PumpAsync(UdpSession session)
    {
        await session.PumpRepliesAsync();
        Sessions.Remove(session);
        Interlocked.Decrement(ref _pumps);
    }

    private void RemoveIdle() =>
        Sessions.RemoveIdle(_time.GetTimestamp() - (long)(_options.IdleTimeout.TotalSeconds * _time.TimestampFrequency));
}

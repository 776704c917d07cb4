using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Net;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Dns.Managed;

/// <summary>Answers datagrams on any system, by the runtime's own sockets, one at a time.</summary>
internal sealed class ManagedDnsLoop : IDnsLoop
{
    private const int MaxQueryBytes = 4096;

    /// <summary>Queries that wait for other servers at most: beyond it their clients hear nothing and ask again, which by then may be answered from the cache.</summary>
    private const int MaxPending = 4096;

    private readonly CancellationTokenSource _stopping = new();
    private readonly DnsAnswerer _answerer;
    private readonly ILogger _logger;
    private readonly Socket _socket;
    private readonly Task _loop;
    private int _pending;

    /// <param name="socket">Bound; the loop's from now on.</param>
    /// <param name="answerer">Answers each query.</param>
    /// <param name="logger">Where queries that could not be answered are told.</param>
    public ManagedDnsLoop(Socket socket, DnsAnswerer answerer, ILogger logger)
    {
        _socket = socket;
        _answerer = answerer;
        _logger = logger;
        _loop = Task.Run(ReceiveAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _socket.Dispose();
        await _loop;
        _stopping.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[MaxQueryBytes];
        var from = new SocketAddress(_socket.AddressFamily);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                from.Size = from.Buffer.Length;
                int length = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, from, _stopping.Token);
                long began = Stopwatch.GetTimestamp();
                ClientAddress client = ClientAddress.From(from, out _);
                int size = _answerer.TryAnswer(buffer, length, tcp: false, client, null, out UpstreamQuestion? needed);
                if (size == DnsResponder.Ask && Volatile.Read(ref _pending) < MaxPending) _ = AskAndReplyAsync(buffer[..length], Copy(from), client, needed!, began);
                else if (size == DnsResponder.Ask) _answerer.Dropped();
                else if (size > 0) await _socket.SendToAsync(buffer.AsMemory(0, size), SocketFlags.None, from, _stopping.Token);
                if (size > 0) _answerer.Took(began);
            }
            catch (Exception exception) when (_stopping.IsCancellationRequested && exception is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
            catch (Exception exception)
            {
                // The top of the loop: one bad datagram, or one client that can't be reached, is no reason to stop answering.
                _logger.LogDebug(exception, "A DNS query could not be answered");
            }
        }
    }

    // Ends within the forwarder's time-outs.
    private async Task AskAndReplyAsync(byte[] query, SocketAddress from, ClientAddress client, UpstreamQuestion needed, long began)
    {
        Interlocked.Increment(ref _pending);
        try
        {
            byte[] answer = await _answerer.AskAsync(query, client, needed);
            await _socket.SendToAsync(answer, SocketFlags.None, from, _stopping.Token);
            _answerer.Took(began);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            _logger.LogDebug(exception, "A forwarded DNS query could not be answered");
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    private static SocketAddress Copy(SocketAddress address)
    {
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer[..address.Size].CopyTo(copy.Buffer);
        return copy;
    }
}

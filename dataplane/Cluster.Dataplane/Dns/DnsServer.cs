using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Dns;

/// <summary>The cluster's DNS server, over UDP and TCP at one address.</summary>
/// <remarks>Answers of the zone are given by the receiving loop itself, in microseconds; only forwarded queries get a task of their own.</remarks>
public sealed class DnsServer : IAsyncDisposable
{
    /// <summary>No query is larger: a name of 255 bytes and a few options.</summary>
    private const int MaxQueryBytes = 4096;

    private const int MaxTcpConnections = 128;
    private static readonly TimeSpan TcpIdle = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _tcpConnections = new(MaxTcpConnections);
    private readonly DnsResponder _responder;
    private readonly DnsForwarder _forwarder;
    private readonly ILogger _logger;
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly Task _loops;

    /// <exception cref="SocketException">The address is not local, or its port 53 is taken.</exception>
    public DnsServer(IPEndPoint endPoint, IDnsZone zone, DnsForwarder forwarder, ILogger logger)
    {
        _forwarder = forwarder;
        _responder = new DnsResponder(zone, forwarder);
        _logger = logger;
        _udp = Bind(endPoint, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            _tcp = Bind(endPoint, SocketType.Stream, ProtocolType.Tcp);
        }
        catch
        {
            _udp.Dispose();
            throw;
        }

        _loops = Task.WhenAll(Task.Run(ReceiveAsync), Task.Run(AcceptAsync));
    }

    /// <summary>Where it answers.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_udp.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await _loops;
        for (var i = 0; i < MaxTcpConnections; i++) await _tcpConnections.WaitAsync();
        _tcpConnections.Dispose();
        _forwarder.Dispose();
        _stopping.Dispose();
    }

    private static Socket Bind(IPEndPoint endPoint, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(endPoint.AddressFamily, type, protocol);
        try
        {
            socket.Bind(endPoint);
            if (type == SocketType.Stream) socket.Listen();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task ReceiveAsync()
    {
        var query = new byte[MaxQueryBytes];
        var answer = new byte[DnsResponder.BufferBytes];
        var from = new SocketAddress(_udp.AddressFamily);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                from.Size = from.Buffer.Length;
                var length = await _udp.ReceiveFromAsync(query, SocketFlags.None, from, _stopping.Token);
                if (_responder.TryAnswer(query.AsSpan(0, length), answer, tcp: false) is not { } size)
                    _ = AskAndReplyAsync(query.AsSpan(0, length).ToArray(), Copy(from));
                else if (size > 0)
                    await _udp.SendToAsync(answer.AsMemory(0, size), SocketFlags.None, from, _stopping.Token);
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

    // Bounded by the forwarder: beyond its limit it says no at once. Ends within its time-outs.
    private async Task AskAndReplyAsync(byte[] query, SocketAddress client)
    {
        try
        {
            var answer = await _responder.AskAsync(query, tcp: false, _stopping.Token);
            await _udp.SendToAsync(answer, SocketFlags.None, client, _stopping.Token);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            _logger.LogDebug(exception, "A forwarded DNS query could not be answered");
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _tcpConnections.WaitAsync(_stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                _ = ServeAsync(await _tcp.AcceptAsync(_stopping.Token));
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                _tcpConnections.Release();
                if (!_stopping.IsCancellationRequested) await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
            }
        }
    }

    // Holds a permit until it ends: DisposeAsync waits for all.
    private async Task ServeAsync(Socket client)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            var buffer = new byte[2 + DnsResponder.BufferBytes];
            while (true)
            {
                idle.CancelAfter(TcpIdle);
                await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), idle.Token);
                var length = BinaryPrimitives.ReadUInt16BigEndian(buffer);
                if (length > MaxQueryBytes) return;
                var query = new byte[length];
                await stream.ReadExactlyAsync(query, idle.Token);
                var size = _responder.TryAnswer(query, buffer.AsSpan(2), tcp: true);
                if (size == 0) return;
                ReadOnlyMemory<byte> answer = size is { } known ? buffer.AsMemory(2, known) : await _responder.AskAsync(query, tcp: true, idle.Token);
                var framed = new byte[2 + answer.Length];
                BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Length);
                answer.CopyTo(framed.AsMemory(2));
                await stream.WriteAsync(framed, idle.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
        {
            // The client's end, its silence, or ours.
        }
        finally
        {
            _tcpConnections.Release();
        }
    }

    private static SocketAddress Copy(SocketAddress address)
    {
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer[..address.Size].CopyTo(copy.Buffer);
        return copy;
    }
}

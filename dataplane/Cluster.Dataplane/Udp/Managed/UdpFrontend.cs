using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>One bound socket and the loop that receives clients' datagrams from it. Replies leave through the same socket.</summary>
internal sealed class UdpFrontend(UdpRelay relay, Frontend frontend, int id, Socket socket) : IDisposable
{
    /// <summary>A backend that refuses is left for the next at once, but a datagram is not offered to all of a large service.</summary>
    private const int Attempts = 3;

    private readonly SocketAddress _from = new(frontend.Address.AddressFamily);

    public Frontend Frontend => frontend;

    public int Id => id;

    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start() => Completion = ReceiveAsync();

    public void Dispose() => socket.Dispose();

    /// <summary>Sends a backend's datagram to a client. Called by the loops of many sessions.</summary>
    public void Reply(ReadOnlySpan<byte> datagram, SocketAddress client)
    {
        try
        {
            socket.SendTo(datagram, SocketFlags.None, client);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // A full queue, a filter, a client that became unreachable: datagrams may be lost, and are counted.
            DataplaneMetrics.UdpDropped.Add(1);
        }
    }

    private async Task ReceiveAsync()
    {
        while (true)
        {
            try
            {
                // No buffer is held while there is nothing to receive: thousands of silent services cost their sockets only.
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                if (IsClosed(exception)) return;
            }

            var buffer = ArrayPool<byte>.Shared.Rent(UdpSession.DatagramBytes);
            try
            {
                do
                {
                    _from.Size = _from.Buffer.Length;
                    var length = await socket.ReceiveFromAsync(buffer, SocketFlags.None, _from);
                    Forward(buffer.AsSpan(0, length));
                }
                while (socket.Available > 0);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                if (IsClosed(exception)) return;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private static bool IsClosed(Exception exception) =>
        exception is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.NotSocket or SocketError.Interrupted };

    private void Forward(ReadOnlySpan<byte> datagram)
    {
        var client = ClientAddress.From(_from, out var port);
        var key = new UdpSessionKey(client, port, id);
        Backend? failed = null;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var entry = relay.Directory.Current[frontend.Slot];
            if (entry is null || entry.Port.Id != frontend.Id) break;
            var session = Session(key, entry, failed);
            if (session is null) break;
            var error = session.Send(datagram);
            if (error == SocketError.Success) return;
            if (error is SocketError.WouldBlock or SocketError.MessageSize or SocketError.NoBufferSpaceAvailable) break;
            failed = session.Backend;
            relay.Sessions.Remove(session);
        }

        DataplaneMetrics.UdpDropped.Add(1);
    }

    private UdpSession? Session(UdpSessionKey key, ServiceEntry entry, Backend? failed)
    {
        if (relay.Sessions.Find(key) is { } known)
        {
            if (ReferenceEquals(known.ValidFor, entry)) return known;
            if (entry.Serves(known.Backend, frontend.Scope, key.Client))
            {
                known.ValidFor = entry;
                return known;
            }

            relay.Sessions.Remove(known);
        }

        var backend = entry.Pick(new PickContext(frontend.Scope, key.Client, failed));
        return backend is null ? null : relay.OpenSession(this, key, _from, backend, entry);
    }
}

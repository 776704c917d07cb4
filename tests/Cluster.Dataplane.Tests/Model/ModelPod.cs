using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>A pod: a TCP and a UDP server at one address that answer with its uid. Killed, it leaves its address to another.</summary>
internal sealed class ModelPod : IAsyncDisposable
{
    public const int Port = 18_080;

    /// <summary>All uids have this length.</summary>
    public const int UidLength = 6;

    private readonly HashSet<Socket> _open = [];
    private readonly TcpBackend _tcp;
    private readonly UdpBackend _udp;

    /// <param name="number">Its uid is made of it.</param>
    /// <param name="address">Where it serves, at <see cref="Port"/>.</param>
    /// <param name="receipts">Told of the datagrams it receives.</param>
    public ModelPod(int number, IPAddress address, ModelReceipts receipts)
    {
        Uid = $"p{number:00000}";
        Address = address;
        _tcp = new TcpBackend(ServeAsync, address, Port);
        try
        {
            _udp = new UdpBackend(Uid, address, Port) { Received = datagram => receipts.Note(datagram, Uid) };
        }
        catch (SocketException)
        {
            _ = _tcp.DisposeAsync().AsTask();
            throw;
        }
    }

    public string Uid { get; }

    public IPAddress Address { get; }

    public IPEndPoint EndPoint => new(Address, Port);

    /// <summary>Kills it, as kill -9 does: nothing listens any more, what was open is reset.</summary>
    public async ValueTask DisposeAsync()
    {
        await _tcp.DisposeAsync();
        await _udp.DisposeAsync();
        lock (_open)
            foreach (var socket in _open) socket.ResetAndClose();
    }

    private async Task ServeAsync(Socket socket)
    {
        lock (_open) _open.Add(socket);
        try
        {
            var asked = new byte[1];
            while (await socket.ReceiveAsync(asked) > 0) await socket.SendAllAsync(Uid);
        }
        catch (ObjectDisposedException)
        {
            // Killed.
        }
        finally
        {
            lock (_open) _open.Remove(socket);
        }
    }
}

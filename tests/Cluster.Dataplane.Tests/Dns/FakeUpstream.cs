using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>Another server, over UDP and TCP at one address, that answers as a test wants it to.</summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Task _serving;

    /// <param name="answer">What is said to a query; several datagrams one after the other, none for silence. True for TCP.</param>
    public FakeUpstream(Func<byte[], bool, IEnumerable<byte[]>> answer)
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Tcp());
        _udp.Bind(EndPoint);
        _tcp.Bind(EndPoint);
        _tcp.Listen();
        Answer = answer;
        _serving = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    /// <summary>Says the same address of every name, for some seconds.</summary>
    public FakeUpstream(string address, int ttl = 60)
        : this((query, _) => [DnsMessage.Answer(query, 0, [DnsMessage.Record(null, Dataplane.Dns.DnsType.A, ttl, IPAddress.Parse(address).GetAddressBytes())])])
    {
    }

    public IPEndPoint EndPoint { get; }

    public Func<byte[], bool, IEnumerable<byte[]>> Answer { get; set; }

    /// <summary>Queries that came, over both.</summary>
    public ConcurrentQueue<byte[]> Queries { get; } = new();

    public ConcurrentQueue<int> Ports { get; } = new();

    public async ValueTask DisposeAsync()
    {
        _udp.Dispose();
        _tcp.Dispose();
        await _serving;
    }

    private async Task ServeUdpAsync()
    {
        var query = new byte[4096];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(query, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
                byte[] whole = query[..received.ReceivedBytes];
                Queries.Enqueue(whole);
                Ports.Enqueue(((IPEndPoint)received.RemoteEndPoint).Port);
                foreach (var answer in Answer(whole, false)) await _udp.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeTcpAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _tcp.AcceptAsync();
                await using var stream = new NetworkStream(client);
                var size = new byte[2];
                await stream.ReadExactlyAsync(size);
                var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
                await stream.ReadExactlyAsync(query);
                Queries.Enqueue(query);
                foreach (var answer in Answer(query, true)) await stream.WriteAsync((byte[])[(byte)(answer.Length >> 8), (byte)answer.Length, .. answer]);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            // Disposed.
        }
    }
}

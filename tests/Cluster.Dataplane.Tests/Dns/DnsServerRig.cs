using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Handover;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>A server over real sockets on loopback, with the names of <see cref="DnsRig"/>.</summary>
internal sealed class DnsServerRig : IAsyncDisposable
{
    private readonly DnsServer _server;

    public DnsServerRig(DnsServerOptions? options = null, TimeProvider? time = null, IPAddress? address = null)
        : this(new IPEndPoint(address ?? IPAddress.Loopback, FreePort.Tcp()), null, options, time)
    {
    }

    public DnsServerRig(IPEndPoint endPoint, HandoverSockets? sockets, DnsServerOptions? options = null, TimeProvider? time = null) => _server = new DnsServer(
        endPoint,
        DnsRig.ClusterZone(),
        () => new ResolverSettings([.. Upstreams], []),
        options ?? new DnsServerOptions { Loops = 2 },
        NullLogger.Instance,
        time ?? TimeProvider.System,
        sockets);

    public List<IPEndPoint> Upstreams { get; } = [];

    public IPEndPoint EndPoint => _server.EndPoint;

    public Task DrainAsync() => _server.DrainAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public Task<DnsMessage> UdpAsync(string name, DnsType type = DnsType.A, int? ednsBytes = null) => UdpAsync(DnsMessage.Query(name, type, ednsBytes));

    public async Task<DnsMessage> UdpAsync(byte[] query)
    {
        using var socket = new Socket(EndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(EndPoint.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, EndPoint.Port) : EndPoint);
        await socket.SendAsync(query);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var buffer = new byte[65_536];
        return DnsMessage.Parse(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, patience.Token)));
    }

    public async Task<DnsMessage> TcpAsync(string name, DnsType type = DnsType.A)
    {
        await using var client = await ConnectAsync();
        await WriteAsync(client, DnsMessage.Query(name, type));
        return (await ReadAsync(client))!;
    }

    public async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(EndPoint);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public static ValueTask WriteAsync(Stream stream, params byte[][] queries) =>
        stream.WriteAsync((byte[])[.. queries.SelectMany(query => (byte[])[(byte)(query.Length >> 8), (byte)query.Length, .. query])]);

    /// <summary>The next answer, or null at the server's end.</summary>
    public static async Task<DnsMessage?> ReadAsync(Stream stream)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var size = new byte[2];
        if (await stream.ReadAtLeastAsync(size, 2, throwOnEndOfStream: false, patience.Token) < 2) return null;
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
        await stream.ReadExactlyAsync(answer, patience.Token);
        return DnsMessage.Parse(answer);
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>Asks a server as a resolver does and takes the answer apart.</summary>
internal sealed record DnsExchange(DnsResponseCode Code, bool Truncated, int Answers, int Authorities, int Additional, int Bytes, IReadOnlyList<DnsRecord> Records)
{
    private const ushort Id = 0xBEEF;

    public static byte[] Query(string name, DnsType type, int? ednsBytes = null)
    {
        var buffer = new byte[512];
        var length = DnsWriter.WriteQuestion(buffer, Id, new DnsQuestion(name, type));
        if (ednsBytes is not { } size) return buffer[..length];
        buffer[11] = 1;
        buffer[length + 2] = (byte)DnsType.OPT;
        BinaryPrimitives.WriteUInt16BigEndian(buffer.AsSpan(length + 3), (ushort)size);
        return buffer[..(length + 11)];
    }

    public static async Task<DnsExchange> UdpAsync(IPEndPoint server, string name, DnsType type, int? ednsBytes = null)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server);
        await socket.SendAsync(Query(name, type, ednsBytes));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var buffer = new byte[65_536];
        return Parse(buffer.AsSpan(0, await socket.ReceiveAsync(buffer, patience.Token)));
    }

    public static async Task<DnsExchange> TcpAsync(IPEndPoint server, string name, DnsType type)
    {
        using var client = new TcpClient(server.AddressFamily);
        await client.ConnectAsync(server);
        var query = Query(name, type);
        var framed = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await client.GetStream().WriteAsync(framed);
        var size = new byte[2];
        await client.GetStream().ReadExactlyAsync(size);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
        await client.GetStream().ReadExactlyAsync(answer);
        return Parse(answer);
    }

    public static DnsExchange Parse(ReadOnlySpan<byte> answer)
    {
        Assert.Equal(Id, DnsReader.UInt16At(answer, 0));
        Assert.Equal(0x80, answer[2] & 0x80);
        var reader = new DnsReader(answer);
        for (var i = 0; i < DnsReader.UInt16At(answer, 4); i++)
            Assert.True(reader.TryReadName(out _) && reader.TryReadUInt16(out _) && reader.TryReadUInt16(out _));
        var counts = new[] { DnsReader.UInt16At(answer, 6), DnsReader.UInt16At(answer, 8), DnsReader.UInt16At(answer, 10) };
        var records = new List<DnsRecord>();
        for (var i = 0; i < counts.Sum(count => count); i++)
        {
            Assert.True(reader.TryReadRecord(out _, out _, out _, out _, out var record));
            if (record is not null) records.Add(record);
        }

        Assert.Equal(answer.Length, reader.Position);
        return new DnsExchange((DnsResponseCode)(answer[3] & 0x0F), (answer[2] & 0x02) != 0, counts[0], counts[1], counts[2], answer.Length, records);
    }
}

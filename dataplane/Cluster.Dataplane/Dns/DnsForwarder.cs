using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Dns;

/// <summary>Asks the host's resolvers what the cluster does not know.</summary>
/// <remarks>
/// A socket a question: its random port and identifier are what a forged answer would have to guess. Bounded in number, time and
/// size. Servers that are ourselves are left out, so a query can't go round.
/// </remarks>
public sealed class DnsForwarder(Func<IReadOnlyList<IPEndPoint>> servers, IPEndPoint self, TimeProvider time) : IDisposable
{
    private const int MaxUnderWay = 256;
    private const int MaxAnswerBytes = 65_535;
    private static readonly TimeSpan TimeoutPerServer = TimeSpan.FromSeconds(2);

    /// <summary>Resolvers of clients give up after 5 s: a SERVFAIL before that lets them go on.</summary>
    private const int MaxServers = 2;

    private readonly SemaphoreSlim _underWay = new(MaxUnderWay);

    /// <summary>The answer to a whole query, with the query's identifier, or null where no server gave one.</summary>
    public async Task<byte[]?> ForwardAsync(ReadOnlyMemory<byte> query, bool tcp, CancellationToken cancellationToken)
    {
        if (!await _underWay.WaitAsync(0, cancellationToken)) return null;
        try
        {
            foreach (var server in servers().Where(server => !server.Equals(self)).Take(MaxServers))
            {
                if (await TryAskAsync(server, query, tcp, cancellationToken) is { } answer) return answer;
            }

            return null;
        }
        finally
        {
            _underWay.Release();
        }
    }

    /// <summary>The addresses a name outside of the cluster has, through its aliases; empty where they can't be found out.</summary>
    public async Task<IReadOnlyList<DnsRecord>> ResolveAsync(DnsQuestion question, CancellationToken cancellationToken)
    {
        var buffer = new byte[512];
        var length = DnsWriter.WriteQuestion(buffer, 0, question);
        return await ForwardAsync(buffer.AsMemory(0, length), tcp: false, cancellationToken) is { } answer ? Records(answer) : [];
    }

    public void Dispose() => _underWay.Dispose();

    private static List<DnsRecord> Records(ReadOnlySpan<byte> answer)
    {
        var records = new List<DnsRecord>();
        var reader = new DnsReader(answer);
        if (!reader.TryReadName(out _) || !reader.TryReadUInt16(out _) || !reader.TryReadUInt16(out _)) return records;
        var count = DnsReader.UInt16At(answer, 6);
        for (var i = 0; i < count && reader.TryReadRecord(out _, out _, out _, out _, out var record); i++)
            if (record is not null) records.Add(record);
        return records;
    }

    private async Task<byte[]?> TryAskAsync(IPEndPoint server, ReadOnlyMemory<byte> query, bool tcp, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(TimeoutPerServer, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return tcp ? await AskTcpAsync(server, query, either.Token) : await AskUdpAsync(server, query, either.Token);
        }
        catch (Exception exception) when (exception is SocketException or EndOfStreamException or IOException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static async Task<byte[]?> AskUdpAsync(IPEndPoint server, ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        var asked = query.ToArray();
        var id = (ushort)Random.Shared.Next(ushort.MaxValue + 1);
        BinaryPrimitives.WriteUInt16BigEndian(asked, id);
        await socket.SendAsync(asked, SocketFlags.None, cancellationToken);
        var buffer = new byte[MaxAnswerBytes];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            // Anything else is late or forged: the true answer may still come.
            if (length < DnsReader.HeaderBytes || DnsReader.UInt16At(buffer, 0) != id || (buffer[2] & 0x80) == 0) continue;
            query.Span[..2].CopyTo(buffer);
            return buffer[..length];
        }
    }

    private static async Task<byte[]?> AskTcpAsync(IPEndPoint server, ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        var asked = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(asked, (ushort)query.Length);
        query.CopyTo(asked.AsMemory(2));
        await stream.WriteAsync(asked, cancellationToken);
        var size = new byte[2];
        await stream.ReadExactlyAsync(size, cancellationToken);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return answer.Length >= DnsReader.HeaderBytes ? answer : null;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>One question to one server: by a datagram, and by TCP where the answer does not fit into one.</summary>
/// <remarks>
/// A connected socket a question: the kernel takes datagrams of the server alone, its random port and the random identifier are what a
/// forger would have to guess, and the question must be repeated in the answer.
/// </remarks>
internal sealed class UpstreamExchange(DnsServerOptions options, TimeProvider time)
{
    /// <summary>More than any datagram that fits what we say we take.</summary>
    private const int MaxDatagramBytes = 4096;

    /// <summary>What the server said, failures included; null where it said nothing in time.</summary>
    public async Task<UpstreamAnswer?> TryAskAsync(IPEndPoint server, UpstreamQuestion question, TimeSpan timeout, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            byte[] answer = await AskUdpAsync(server, question, edns: true, either.Token);
            // A server that does not know EDNS says one of these.
            bool edns = (answer[3] & DnsHeader.Code) is not ((int)DnsResponseCode.FormatError or (int)DnsResponseCode.NotImplemented);
            if (!edns) answer = await AskUdpAsync(server, question, edns, either.Token);
            if ((answer[2] & DnsHeader.Truncated) != 0) answer = await AskTcpAsync(server, question, edns, either.Token);
            return UpstreamAnswer.Read(answer, question, options.LongestTtl, options.LongestNegativeTtl, DnsForwarder.Now(time));
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException && !IsOwn(exception))
        {
            return null;
        }
    }

    // For want of descriptors or memory nobody was asked: no server is to blame, and there is nothing to remember.
    private static bool IsOwn(Exception exception) => exception is SocketException failure && failure.SocketErrorCode.IsOwn();

    private static async Task<byte[]> AskUdpAsync(IPEndPoint server, UpstreamQuestion question, bool edns, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        byte[] asked = question.ToMessage(edns);
        await socket.SendAsync(asked, SocketFlags.None, cancellationToken);
        var buffer = new byte[MaxDatagramBytes];
        while (true)
        {
            int length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            // Anything else is late or forged: the true answer may still come.
            if (question.IsAnsweredBy(buffer.AsSpan(0, length), asked) || (edns && UpstreamQuestion.IsRefusedBy(buffer.AsSpan(0, length), asked))) return buffer[..length];
        }
    }

    private static async Task<byte[]> AskTcpAsync(IPEndPoint server, UpstreamQuestion question, bool edns, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        byte[] asked = question.ToMessage(edns);
        var framed = new byte[asked.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)asked.Length);
        asked.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);
        var size = new byte[2];
        await stream.ReadExactlyAsync(size, cancellationToken);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return question.IsAnsweredBy(answer, asked) ? answer : throw new IOException("an answer to another question");
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>A client's socket and whom it has met by it.</summary>
internal sealed class ModelClient(Socket socket, IPEndPoint endPoint) : IDisposable
{
    /// <summary>Longer than a machine that does much else besides makes anyone wait.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>How long nobody is waited for where nobody should answer. What came later would be found by the next question.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(60);

    private int _questions;

    /// <summary>The uid that answered last; null: nobody did.</summary>
    public string? Met { get; private set; }

    /// <summary>A TCP client that has asked once.</summary>
    public static async Task<ModelClient> TcpAsync(IPEndPoint endPoint)
    {
        var client = new ModelClient(new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, endPoint);
        await client.AskTcpAsync(connect: true);
        return client;
    }

    /// <summary>A UDP client that has asked once.</summary>
    public static async Task<ModelClient> UdpAsync(IPEndPoint endPoint, bool answer)
    {
        var client = new ModelClient(new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp), endPoint);
        await client.ReconnectAsync();
        await client.AskUdpAsync(answer);
        return client;
    }

    /// <summary>Asks by the connection: who answers, or null where it was refused or has ended.</summary>
    public async Task<string?> AskTcpAsync(bool connect = false)
    {
        using var patience = new CancellationTokenSource(Patience);
        var answer = new byte[ModelPod.UidLength];
        Met = null;
        try
        {
            if (connect) await socket.ConnectAsync(endPoint, patience.Token);
            await socket.SendAsync("?"u8.ToArray(), patience.Token);
            for (var length = 0; length < answer.Length;)
            {
                var received = await socket.ReceiveAsync(answer.AsMemory(length), patience.Token);
                if (received == 0) return null;
                length += received;
            }
        }
        catch (SocketException)
        {
            return null;
        }

        return Met = Encoding.ASCII.GetString(answer);
    }

    /// <summary>Asks by datagrams: who answers, or null for silence and refusal.</summary>
    /// <param name="answer">Somebody should answer: a datagram may be lost, so it is asked until then; otherwise once.</param>
    public async Task<string?> AskUdpAsync(bool answer)
    {
        Met = null;
        using var patience = new CancellationTokenSource(answer ? Patience : Silence);
        do
        {
            string question = $"{++_questions}";
            using var one = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
            if (answer) one.CancelAfter(TimeSpan.FromSeconds(1));
            try
            {
                await socket.SendAsync(Encoding.ASCII.GetBytes(question), one.Token);
                if (await AnswerAsync(question, one.Token) is { } uid) return Met = uid;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionRefused)
            {
                // What was sent before found nobody.
            }
            catch (SocketException)
            {
                // The kernel has cut the socket from a backend that is gone: clients connect anew.
                await ReconnectAsync();
            }
            catch (OperationCanceledException) when (one.IsCancellationRequested)
            {
                // Lost, or nobody.
            }
        }
        while (answer && !patience.IsCancellationRequested);
        return null;
    }

    public void Dispose() => socket.Dispose();

    private async Task ReconnectAsync()
    {
        try
        {
            await socket.ConnectAsync(endPoint);
        }
        catch (SocketException)
        {
            // Refused at once: nobody is there.
        }
    }

    // Late answers to earlier questions are passed over.
    private async Task<string?> AnswerAsync(string question, CancellationToken cancellationToken)
    {
        var buffer = new byte[64];
        while (true)
        {
            var text = Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, cancellationToken));
            if (text.EndsWith($":{question}", StringComparison.Ordinal)) return text[..ModelPod.UidLength];
        }
    }
}

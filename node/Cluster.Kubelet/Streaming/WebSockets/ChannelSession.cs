using System.Buffers;
using System.Buffers.Text;
using System.Net.WebSockets;
using System.Text;

namespace Cluster.Kubelet.Streaming.WebSockets;

/// <summary>A WebSocket whose messages are a few numbered channels, all open from the start.</summary>
/// <remarks>One loop reads. A channel whose user does not read holds it up once its buffer is full, and with it the others.</remarks>
internal sealed class ChannelSession : IClientSession
{
    private const int ReadBytes = 32 * 1024;

    /// <summary>Of a message in base64, which is decoded whole.</summary>
    private const int MaxTextBytes = 1024 * 1024;

    private const byte CloseMark = 255;

    private readonly WebSocket socket;
    private readonly ChannelProtocol protocol;
    private readonly StreamingOptions options;
    private readonly IdleWatch idle;
    private readonly CancellationTokenSource gone;
    private readonly SemaphoreSlim gate = new(1);
    private readonly ClientChannel[] channels;
    private readonly Task running;

    public ChannelSession(
        WebSocket socket, ChannelProtocol protocol, int channels, StreamingOptions options, CancellationToken cancellationToken)
    {
        this.socket = socket;
        this.protocol = protocol;
        this.options = options;
        idle = new IdleWatch(options.IdleTimeout, options.Time);
        gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Expired);
        Gone = gone.Token;
        this.channels = [.. Enumerable.Range(0, channels).Select(number => new ClientChannel(this, (byte)number))];
        running = ReadAsync();
    }

    public CancellationToken Gone { get; }

    public IClientStream this[int channel] => channels[channel];

    public async Task CloseAsync()
    {
        foreach (var channel in channels) channel.Discard();
        using var limit = new CancellationTokenSource(options.Linger, options.Time);
        try
        {
            await gate.WaitAsync(limit.Token);
            try
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", limit.Token);
            }
            finally
            {
                gate.Release();
            }

            await running.WaitAsync(limit.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException or InvalidOperationException)
        {
            // The client closed first, or does not close at all.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await gone.CancelAsync();
        socket.Abort();
        await running;
        socket.Dispose();
        idle.Dispose();
        gone.Dispose();
        gate.Dispose();
    }

    /// <summary>Sends one message: the channel's number and the bytes.</summary>
    public async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        idle.Touch();
        var message = ArrayPool<byte>.Shared.Rent(1 + Base64.GetMaxEncodedToUtf8Length(bytes.Length));
        try
        {
            var length = Encode(channel, bytes.Span, message);
            await gate.WaitAsync(cancellationToken);
            try
            {
                var type = protocol.Base64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
                await socket.SendAsync(message.AsMemory(0, length), type, endOfMessage: true, Gone);
            }
            finally
            {
                gate.Release();
            }
        }
        catch (Exception exception) when (exception is WebSocketException or InvalidOperationException || Gone.IsCancellationRequested)
        {
            throw new IOException("the client went away", exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    private int Encode(byte channel, ReadOnlySpan<byte> bytes, Span<byte> message)
    {
        if (!protocol.Base64)
        {
            message[0] = channel;
            bytes.CopyTo(message[1..]);
            return 1 + bytes.Length;
        }

        message[0] = (byte)('0' + channel);
        Base64.EncodeToUtf8(bytes, message[1..], out _, out var written);
        return 1 + written;
    }

    private async Task ReadAsync()
    {
        await Task.Yield();
        try
        {
            await (protocol.Base64 ? ReadTextAsync() : ReadBinaryAsync());
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or FormatException)
        {
            // The client went away or broke the framing: the session is over.
        }

        foreach (var channel in channels) channel.End();
        await gone.CancelAsync();
    }

    private async Task ReadBinaryAsync()
    {
        var buffer = new byte[ReadBytes];
        while (true)
        {
            var begin = await socket.ReceiveAsync(buffer.AsMemory(), Gone);
            if (begin.MessageType == WebSocketMessageType.Close) return;
            if (begin.Count == 0) continue;
            idle.Touch();
            var number = buffer[0];
            if (number == CloseMark && protocol.Closes)
            {
                if (begin.Count > 1) Find(buffer[1])?.End();
                while (!begin.EndOfMessage) begin = await socket.ReceiveAsync(buffer.AsMemory(), Gone);
                continue;
            }

            var channel = Find(number);
            await AddAsync(channel, buffer.AsMemory(1, begin.Count - 1));
            while (!begin.EndOfMessage)
            {
                begin = await socket.ReceiveAsync(buffer.AsMemory(), Gone);
                await AddAsync(channel, buffer.AsMemory(0, begin.Count));
            }
        }
    }

    private async Task ReadTextAsync()
    {
        var buffer = new byte[ReadBytes];
        using var message = new MemoryStream();
        while (true)
        {
            var piece = await socket.ReceiveAsync(buffer.AsMemory(), Gone);
            if (piece.MessageType == WebSocketMessageType.Close) return;
            if (message.Length + piece.Count > MaxTextBytes) throw new FormatException("a message is too long");
            message.Write(buffer, 0, piece.Count);
            if (!piece.EndOfMessage) continue;
            idle.Touch();
            if (message.Length > 0)
            {
                var text = Encoding.ASCII.GetString(message.GetBuffer(), 0, (int)message.Length);
                await AddAsync(Find((byte)(text[0] - '0')), Convert.FromBase64String(text[1..]));
            }

            message.SetLength(0);
        }
    }

    /// <summary>What comes on a channel that is none is dropped, as Kubernetes does.</summary>
    private ClientChannel? Find(byte number) => number < channels.Length ? channels[number] : null;

    private ValueTask AddAsync(ClientChannel? channel, ReadOnlyMemory<byte> bytes) =>
        channel is null || bytes.IsEmpty ? ValueTask.CompletedTask : channel.AddAsync(bytes, Gone);

    /// <summary>One channel. Ending its output has no message of its own: the session's close is the end of all.</summary>
    private sealed class ClientChannel(ChannelSession session, byte number) : IClientStream
    {
        private readonly InputBuffer input = new();

        public Stream Input => input.Reader;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
            session.SendAsync(number, bytes, cancellationToken);

        public ValueTask CompleteAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask AddAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
            input.AddAsync(new ReadOnlySequence<byte>(bytes), cancellationToken);

        public void End() => input.End();

        public void Discard() => input.Discard();
    }
}

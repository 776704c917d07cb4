using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Threading.Channels;

namespace Cluster.Kubelet.Streaming.Spdy;

/// <summary>The server's side of a SPDY/3.1 connection: the client opens streams, both sides write on them.</summary>
/// <remarks>
/// One loop reads frames. A stream whose user does not read holds the loop up once its buffer is full, and with it the session's other
/// streams: the clients of this protocol do no flow control of their own, so nothing else bounds what they send. Frames that answer the
/// client go through a queue with a writer of its own, for the loop must not wait for a client that reads nothing.
/// </remarks>
internal sealed partial class SpdySession : IClientSession
{
    // Small writes of a terminal and big ones of a copy are both one read.
    private const int ReadBytes = 32 * 1024;

    private readonly Stream transport;
    private readonly StreamingOptions options;
    private readonly IdleWatch idle;
    private readonly CancellationTokenSource gone;
    private readonly PipeReader reader;
    private readonly ConcurrentDictionary<int, SpdyStream> streams = new();
    private readonly Channel<SpdyStream> accepted;
    private readonly HeaderDecompressor decompressor = new();
    private readonly HeaderCompressor compressor = new();
    private readonly Task running;
    private int lastStream;
    private int untold;
    private int windowOfNewStreams = SendWindow.InitialBytes;
    private bool flowControl;
    private bool closing;

    public SpdySession(Stream transport, StreamingOptions options, CancellationToken cancellationToken)
    {
        this.transport = transport;
        this.options = options;
        idle = new IdleWatch(options.IdleTimeout, options.Time);
        gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Expired);
        Gone = gone.Token;
        accepted = Channel.CreateBounded<SpdyStream>(options.MaxStreams);
        reader = PipeReader.Create(transport, new StreamPipeReaderOptions(bufferSize: ReadBytes, leaveOpen: true));
        running = Task.WhenAll(ReadAsync(), WriteControlAsync(), KeepAliveAsync());
    }

    public CancellationToken Gone { get; }

    /// <summary>Streams in the order they were opened; ends with the session.</summary>
    public ChannelReader<SpdyStream> Accepted => accepted.Reader;

    public async Task CloseAsync()
    {
        Volatile.Write(ref closing, true);
        foreach (var stream in streams.Values) stream.Discard();
        try
        {
            await Task.Delay(options.Linger, options.Time, Gone);
            EnqueueGoAway();
        }
        catch (OperationCanceledException)
        {
            // The client closed first, as it should.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await gone.CancelAsync();
        await transport.DisposeAsync();
        await running;
        idle.Dispose();
        gone.Dispose();
        gate.Dispose();
        decompressor.Dispose();
        compressor.Dispose();
    }

    /// <summary>A stream both of whose directions ended makes room for another.</summary>
    public void ForgetIfClosed(SpdyStream stream)
    {
        if (stream.IsClosed) streams.TryRemove(stream.Id, out _);
    }

    private async Task ReadAsync()
    {
        // At once to another thread: the constructor that started this is not done.
        await Task.Yield();
        try
        {
            while (await ReadFrameAsync())
            {
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
            // The connection broke, or the client broke the framing: either way the session is over.
        }

        await EndAsync();
    }

    private async Task EndAsync()
    {
        accepted.Writer.TryComplete();
        control.Writer.TryComplete();
        foreach (var stream in streams.Values) stream.Break();
        sessionWindow.Release();
        await gone.CancelAsync();
        await reader.CompleteAsync();
    }

    /// <summary>Reads and handles one frame; false: the client closed the connection.</summary>
    private async ValueTask<bool> ReadFrameAsync()
    {
        var read = await reader.ReadAtLeastAsync(SpdyFrameHead.Size, Gone);
        if (read.Buffer.Length < SpdyFrameHead.Size) return false;
        var head = ParseHead(read.Buffer);
        reader.AdvanceTo(read.Buffer.GetPosition(SpdyFrameHead.Size));
        if (head.Type is null) return await ReadDataAsync(head);
        if (head.Length == 0) return true;

        read = await reader.ReadAtLeastAsync(head.Length, Gone);
        if (read.Buffer.Length < head.Length) return false;
        var body = read.Buffer.Slice(0, head.Length);
        Handle(head, body.ToArray());
        reader.AdvanceTo(body.End);
        return true;
    }

    private static SpdyFrameHead ParseHead(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[SpdyFrameHead.Size];
        buffer.Slice(0, bytes.Length).CopyTo(bytes);
        return SpdyFrameHead.Parse(bytes);
    }

    /// <summary>Passes a data frame on in the pieces it comes in: a frame may be 16 MiB long.</summary>
    private async ValueTask<bool> ReadDataAsync(SpdyFrameHead head)
    {
        idle.Touch();
        streams.TryGetValue(head.StreamId, out var stream);
        if (stream is null && !Volatile.Read(ref closing)) EnqueueReset(head.StreamId, SpdyStatus.InvalidStream);
        for (var rest = head.Length; rest > 0;)
        {
            var read = await reader.ReadAsync(Gone);
            if (read.Buffer.IsEmpty) return false;
            var piece = read.Buffer.Slice(0, Math.Min(rest, read.Buffer.Length));
            rest -= (int)piece.Length;
            if (stream is not null) await stream.AddInputAsync(piece, Gone);
            Take(stream, (int)piece.Length);
            reader.AdvanceTo(piece.End);
        }

        if (head.Ends) stream?.EndInput();
        return true;
    }

    /// <summary>Tells a client that does flow control, now and then, that it may send more.</summary>
    private void Take(SpdyStream? stream, int bytes)
    {
        const int TellAfter = SendWindow.InitialBytes / 2;
        untold += bytes;
        if (untold >= TellAfter)
        {
            EnqueueWindowUpdate(0, untold);
            untold = 0;
        }

        if (stream is null) return;
        stream.Untold += bytes;
        if (stream.Untold < TellAfter) return;
        EnqueueWindowUpdate(stream.Id, stream.Untold);
        stream.Untold = 0;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.Threading.Channels;

namespace Cluster.Kubelet.Streaming.Spdy;

internal sealed partial class SpdySession
{
    /// <summary>Of one data frame: small enough that streams take turns, large enough that its head costs nothing.</summary>
    private const int MaxDataBytes = 32 * 1024;

    // Answers that wait because the client reads nothing. Past it the client asks without ever listening.
    private const int MaxPendingAnswers = 1024;

    private readonly SemaphoreSlim gate = new(1);
    private readonly SendWindow sessionWindow = new();
    private readonly Channel<byte[]> control = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MaxPendingAnswers) { SingleReader = true });

    private int nextPing;

    /// <summary>Writes data, in frames; waits while the client's window or the connection is full.</summary>
    public async ValueTask WriteDataAsync(SpdyStream stream, ReadOnlyMemory<byte> bytes, bool ends, CancellationToken cancellationToken)
    {
        idle.Touch();
        do
        {
            var wanted = Math.Min(bytes.Length, MaxDataBytes);
            if (wanted > 0)
            {
                wanted = await stream.Window.TakeAsync(wanted, cancellationToken);
                var taken = await sessionWindow.TakeAsync(wanted, cancellationToken);
                stream.Window.Add(wanted - taken);
                wanted = taken;
            }

            var last = ends && wanted == bytes.Length;
            await WriteFrameAsync(SpdyFrameHead.Data(stream.Id, wanted, last), bytes[..wanted], cancellationToken);
            bytes = bytes[wanted..];
        }
        while (!bytes.IsEmpty);
    }

    private async ValueTask WriteFrameAsync(SpdyFrameHead head, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var frame = ArrayPool<byte>.Shared.Rent(SpdyFrameHead.Size + body.Length);
        try
        {
            head.Write(frame);
            body.CopyTo(frame.AsMemory(SpdyFrameHead.Size));
            await WriteAsync(frame.AsMemory(0, SpdyFrameHead.Size + body.Length), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    /// <summary>Writes whole frames. The caller may give up before its turn; after that only the session's end stops it.</summary>
    private async ValueTask WriteAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            Gone.ThrowIfCancellationRequested();
            await transport.WriteAsync(frames, Gone);
            await transport.FlushAsync(Gone);
        }
        catch (Exception exception) when (exception is not IOException)
        {
            await gone.CancelAsync();
            throw new IOException("the client went away", exception);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task WriteControlAsync()
    {
        await Task.Yield();
        try
        {
            await foreach (var frame in control.Reader.ReadAllAsync(Gone)) await WriteAsync(frame, Gone);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The reading loop sees the same end.
            await gone.CancelAsync();
        }
    }

    /// <summary>A client that is no more answers a write with a reset, which nothing else would bring about.</summary>
    private async Task KeepAliveAsync()
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                await Task.Delay(options.KeepAlive, options.Time, Gone);
                EnqueuePing();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void EnqueueReply(int id)
    {
        var block = compressor.Compress([]);
        Span<byte> body = stackalloc byte[4 + block.Length];
        BinaryPrimitives.WriteInt32BigEndian(body, id);
        block.CopyTo(body[4..]);
        Enqueue(SpdyFrameHead.Control(SpdyFrameType.SynReply, body.Length), body);
    }

    private void EnqueueReset(int id, SpdyStatus status) => EnqueuePair(SpdyFrameType.RstStream, id, (int)status);

    private void EnqueueWindowUpdate(int id, int bytes) => EnqueuePair(SpdyFrameType.WindowUpdate, id, bytes);

    private void EnqueueGoAway() => EnqueuePair(SpdyFrameType.GoAway, lastStream, 0);

    private void EnqueuePing()
    {
        nextPing += 2;
        Span<byte> body = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(body, nextPing);

        // Where answers pile up, the client has enough to read.
        Enqueue(SpdyFrameHead.Control(SpdyFrameType.Ping, 4), body, needed: false);
    }

    private void EnqueuePair(SpdyFrameType type, int first, int second)
    {
        Span<byte> body = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(body, first);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], second);
        Enqueue(SpdyFrameHead.Control(type, body.Length), body);
    }

    private void Enqueue(SpdyFrameHead head, ReadOnlySpan<byte> body, bool needed = true)
    {
        var frame = new byte[SpdyFrameHead.Size + body.Length];
        head.Write(frame);
        body.CopyTo(frame.AsSpan(SpdyFrameHead.Size));
        if (!control.Writer.TryWrite(frame) && needed && !Gone.IsCancellationRequested)
            throw new SpdyException("the client asks and does not read the answers");
    }
}

using System.IO.Pipelines;
using System.Net.Sockets;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>Copies one direction of a connection through a pipe, so that receiving runs ahead of a slow sender by a bounded amount.</summary>
/// <remarks>
/// Reused from connection to connection. While the source is silent the pipe holds one small buffer. Nothing is allocated per read or
/// write.
/// </remarks>
internal sealed class StreamCopier : IDisposable
{
    /// <summary>
    /// One buffer of 64 kB per receive covers the default socket buffers; two may wait for the destination, then the source's own
    /// window closes.
    /// </summary>
    private const int BufferBytes = 64 * 1024;

    /// <summary>
    /// What a receive waits with: most messages fit, and it saves the two peeks by which the runtime waits without a buffer. More than
    /// fits comes next in a large one.
    /// </summary>
    private const int WaitingBytes = 2 * 1024;

    private const int TurnsBeforeYield = 16;

    private static readonly PipeOptions Options = new(
        readerScheduler: PipeScheduler.Inline,
        writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: 2 * BufferBytes,
        resumeWriterThreshold: BufferBytes,
        minimumSegmentSize: WaitingBytes,
        useSynchronizationContext: false);

    private readonly Pipe _pipe = new(Options);
    private readonly SocketOperation _receive = new();
    private readonly SocketOperation _send = new();
    private bool _sourceFailed;
    private bool _used;
    private bool _headerWaits;
    private bool _headerFailed;
    private long _lastReceived;
    private long _passed;
    private volatile bool _sends;
    private volatile bool _discards;
    private volatile bool _endTold;

    /// <summary>Told of each receive, with this.</summary>
    public Action<StreamCopier>? Received { get; init; }

    /// <summary>Nothing is on its way to the destination.</summary>
    public bool IsIdle => !_sends;

    /// <summary>The destination knows of the source's end already: it is not told again, for by now it may have ended too.</summary>
    public void SkipEnd() => _endTold = true;

    /// <summary>The destination was told of the end: what comes from now on is thrown away.</summary>
    public void Discard() => _discards = true;

    /// <summary>When the source last sent something, on the clock of <see cref="Environment.TickCount64"/>. Any thread may ask.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>Bytes the source has sent. Written by one loop; any thread may ask.</summary>
    public long Passed => Volatile.Read(ref _passed);

    /// <summary>Begins to count the source's silence. Comes before <see cref="CopyAsync"/>.</summary>
    public void Begin() => Volatile.Write(ref _lastReceived, Environment.TickCount64);

    /// <summary>Bytes of the source's were received by another, before <see cref="CopyAsync"/>: it does not count them again.</summary>
    public void Note(int bytes)
    {
        Begin();
        Volatile.Write(ref _passed, _passed + bytes);
    }

    /// <summary>Runs until the source has ended and everything was passed on, or either side fails. Never throws for what peers do.</summary>
    /// <param name="header">What is sent before anything that is received from the source here.</param>
    /// <param name="failed">Called at once when a side fails, so that the caller can reset the other.</param>
    public async Task<CopyResult> CopyAsync(Socket from, Socket to, ReadOnlyMemory<byte> header, Action<CopyResult> failed)
    {
        _used = true;
        if (header.Length > 0) WriteHeader(from, header.Span);
        // The reader waits first: what has been received goes out before a failure of the source is told.
        var draining = DrainAsync(to);
        var filling = FillAsync(from, failed);
        var result = await draining;
        if (result == CopyResult.DestinationFailed) failed(result);
        // The writer half ends too: it sees the completed reader, its source's end, or the source being reset by the caller.
        await filling;
        return result;
    }

    /// <summary>Makes the copier ready for the next connection. Only after <see cref="CopyAsync"/> has ended.</summary>
    public void Reset()
    {
        Volatile.Write(ref _passed, 0);
        if (!_used) return;
        _used = false;
        _pipe.Reset();
        _receive.Clear();
        _send.Clear();
        _sourceFailed = _headerWaits = _headerFailed = _sends = _discards = _endTold = false;
    }

    public void Dispose()
    {
        _receive.Dispose();
        _send.Dispose();
    }

    // What the source has sent already goes out with it.
    private void WriteHeader(Socket from, ReadOnlySpan<byte> header)
    {
        var memory = _pipe.Writer.GetMemory(BufferBytes);
        header.CopyTo(memory.Span);
        var length = header.Length;
        try
        {
            if (from.Available > 0) length += from.Receive(memory.Span[length..]);
            Volatile.Write(ref _passed, _passed + length - header.Length);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Told once: without this the next receive would take the reset for an end.
            _headerFailed = true;
        }

        _pipe.Writer.Advance(length);
        _headerWaits = true;
    }

    private async Task FillAsync(Socket from, Action<CopyResult> failed)
    {
        var writer = _pipe.Writer;
        var moreWaits = false;
        var turns = 0;
        if (_headerWaits) await writer.FlushAsync();
        while (!_headerFailed)
        {
            // A source that is always ready would keep this thread to itself: after 1 MB the others have a turn.
            if (moreWaits && ++turns % TurnsBeforeYield == 0) await Task.Yield();
            // After a full buffer there is most likely more already.
            var size = moreWaits ? BufferBytes : WaitingBytes;
            var memory = writer.GetMemory(size)[..size];
            var received = await _receive.ReceiveAsync(from, memory);
            if (!received.Succeeded) break;
            if (received.Bytes == 0)
            {
                await writer.CompleteAsync();
                return;
            }

            Volatile.Write(ref _lastReceived, Environment.TickCount64);
            Volatile.Write(ref _passed, _passed + received.Bytes);
            Received?.Invoke(this);
            moreWaits = received.Bytes == memory.Length;
            writer.Advance(received.Bytes);
            if ((await writer.FlushAsync()).IsCompleted)
            {
                await writer.CompleteAsync();
                return;
            }
        }

        _sourceFailed = true;
        failed(CopyResult.SourceFailed);
        await writer.CompleteAsync();
    }

    private async Task<CopyResult> DrainAsync(Socket to)
    {
        var reader = _pipe.Reader;
        var result = CopyResult.Completed;
        var open = true;
        while (open)
        {
            var read = await reader.ReadAsync();
            // Most often there is one segment. (Sending here and not in a method of its own saves a state machine per read.)
            foreach (var segment in read.Buffer)
            {
                // An end that came alone is one empty segment, and a destination that knows of the end takes not even that.
                if (_discards || segment.IsEmpty) continue;
                _sends = true;
                var sent = await _send.SendAsync(to, segment);
                if (sent.Succeeded || _discards) continue;
                result = CopyResult.DestinationFailed;
                break;
            }

            open = result == CopyResult.Completed && !read.IsCompleted;
            reader.AdvanceTo(read.Buffer.End);
            _sends = false;
        }

        await reader.CompleteAsync();
        if (_sourceFailed) return CopyResult.SourceFailed;
        return result == CopyResult.Completed && !_endTold && !RelaySocket.End(to) && !_discards ? CopyResult.DestinationFailed : result;
    }
}

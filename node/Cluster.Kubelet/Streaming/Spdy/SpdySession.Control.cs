using System.Buffers.Binary;

namespace Cluster.Kubelet.Streaming.Spdy;

internal sealed partial class SpdySession
{
    private const int InitialWindowSetting = 7;
    private const uint StreamMask = 0x7FFFFFFF;

    private void Handle(SpdyFrameHead head, byte[] body)
    {
        switch (head.Type)
        {
            case SpdyFrameType.SynStream:
                Open(head, Check(body, 10));
                break;
            case SpdyFrameType.Headers:
                // Nobody has a use for more headers, but the compression's state must follow.
                decompressor.Decompress(Check(body, 4).AsSpan(4));
                break;
            case SpdyFrameType.RstStream:
                Reset(Number(Check(body, 8), 0));
                break;
            case SpdyFrameType.Settings:
                Set(Check(body, 4));
                break;
            case SpdyFrameType.Ping:
                Answer(Check(body, 4));
                break;
            case SpdyFrameType.WindowUpdate:
                Widen(Number(Check(body, 8), 0), Number(body, 4));
                break;
            case SpdyFrameType.GoAway:
                // No more streams come; those there are go on.
                accepted.Writer.TryComplete();
                break;
            default:
                // SYN_REPLY answers nothing of ours; frames of unknown types are to be ignored.
                break;
        }
    }

    private void Open(SpdyFrameHead head, byte[] body)
    {
        const byte Unidirectional = 2;
        var id = Number(body, 0);

        // Also of a stream that is refused: the compression's state must follow.
        var headers = decompressor.Decompress(body.AsSpan(10));
        if (id <= lastStream || id % 2 == 0) throw new SpdyException($"stream {id} is opened after stream {lastStream}");
        lastStream = id;
        var stream = new SpdyStream(this, id, headers);
        if (flowControl) stream.Window.Enforce();
        stream.Window.Add(windowOfNewStreams - SendWindow.InitialBytes);
        if ((head.Flags & Unidirectional) != 0 || Volatile.Read(ref closing) || streams.Count >= options.MaxStreams)
        {
            EnqueueReset(id, SpdyStatus.RefusedStream);
            return;
        }

        streams[id] = stream;
        if (!accepted.Writer.TryWrite(stream))
        {
            streams.TryRemove(id, out _);
            EnqueueReset(id, SpdyStatus.RefusedStream);
            return;
        }

        idle.Touch();
        EnqueueReply(id);
        if (head.Ends) stream.EndInput();
    }

    /// <summary>Gives back a stream that nobody here has a use for.</summary>
    public void Refuse(SpdyStream stream)
    {
        EnqueueReset(stream.Id, SpdyStatus.RefusedStream);
        Reset(stream.Id);
    }

    private void Reset(int id)
    {
        if (streams.TryRemove(id, out var stream)) stream.Break();
    }

    /// <summary>The client tells its window: it takes part in flow control.</summary>
    private void Set(byte[] body)
    {
        var count = Number(body, 0);
        if (count < 0 || body.Length < 4 + (8L * count)) throw new SpdyException("settings are cut short");
        for (var i = 0; i < count; i++)
        {
            var at = 4 + (8 * i);
            if ((Number(body, at) & 0xFFFFFF) != InitialWindowSetting) continue;
            var size = Number(body, at + 4);
            foreach (var stream in streams.Values) stream.Window.Add(size - windowOfNewStreams);
            windowOfNewStreams = size;
            EnforceWindows();
        }
    }

    private void Widen(int id, int bytes)
    {
        if (id == 0) sessionWindow.Add(bytes);
        else if (streams.TryGetValue(id, out var stream)) stream.Window.Add(bytes);
        EnforceWindows();
    }

    private void EnforceWindows()
    {
        if (flowControl) return;
        flowControl = true;
        sessionWindow.Enforce();
        foreach (var stream in streams.Values) stream.Window.Enforce();
    }

    /// <summary>The client's pings have odd numbers; one with an even number is the answer to ours.</summary>
    private void Answer(byte[] body)
    {
        if (Number(body, 0) % 2 != 0) Enqueue(SpdyFrameHead.Control(SpdyFrameType.Ping, 4), body.AsSpan(0, 4));
    }

    private static byte[] Check(byte[] body, int least) =>
        body.Length >= least ? body : throw new SpdyException($"a frame of {body.Length} bytes where {least} are needed");

    private static int Number(byte[] body, int at) => (int)(BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(at)) & StreamMask);
}

namespace Cluster.Kubelet.Streaming.Spdy;

/// <summary>Control frames of SPDY/3.1, by their numbers on the wire.</summary>
internal enum SpdyFrameType
{
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

/// <summary>Why a stream is reset.</summary>
internal enum SpdyStatus
{
    ProtocolError = 1,
    InvalidStream = 2,
    RefusedStream = 3,
    Cancel = 5,
    InternalError = 6,
}

/// <summary>The first eight bytes of a frame.</summary>
/// <param name="Type">Null: data.</param>
/// <param name="StreamId">Of data; 0 otherwise.</param>
/// <param name="Flags">Bit 0: the sender's direction of the stream ends with it.</param>
/// <param name="Length">Bytes that follow.</param>
internal readonly record struct SpdyFrameHead(SpdyFrameType? Type, int StreamId, byte Flags, int Length)
{
    public const int Size = 8;

    /// <summary>Of control frames. The largest that clients send, SYN_STREAM, holds a few short headers.</summary>
    public const int MaxControlBytes = 16 * 1024;

    private const byte Version = 3;
    private const byte Fin = 1;

    public bool Ends => (Flags & Fin) != 0;

    /// <exception cref="SpdyException">Another version, or a control frame that is too long.</exception>
    public static SpdyFrameHead Parse(ReadOnlySpan<byte> bytes)
    {
        var first = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var second = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        var (flags, length) = ((byte)(second >> 24), (int)(second & 0xFFFFFF));
        if (first >> 31 == 0) return new SpdyFrameHead(null, (int)first, flags, length);
        if (((first >> 16) & 0x7FFF) != Version) throw new SpdyException($"a frame of SPDY version {(first >> 16) & 0x7FFF}");
        if (length > MaxControlBytes) throw new SpdyException($"a control frame of {length} bytes");
        return new SpdyFrameHead((SpdyFrameType)(first & 0xFFFF), 0, flags, length);
    }

    public void Write(Span<byte> bytes)
    {
        var first = Type is { } type ? 0x80000000u | (uint)Version << 16 | (uint)type : (uint)StreamId;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, first);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], (uint)Flags << 24 | (uint)Length);
    }

    public static SpdyFrameHead Data(int stream, int length, bool ends) => new(null, stream, ends ? Fin : (byte)0, length);

    public static SpdyFrameHead Control(SpdyFrameType type, int length, bool ends = false) => new(type, 0, ends ? Fin : (byte)0, length);
}

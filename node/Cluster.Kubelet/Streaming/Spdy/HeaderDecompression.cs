using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Cluster.Kubelet.Streaming.Spdy;

/// <summary>Reads the header blocks of a client: one zlib stream for all of a session's. One user at a time.</summary>
/// <remarks>The dictionary is put in front of the client's bytes as a block that is not compressed, and dropped from the output.</remarks>
internal sealed class HeaderDecompressor : IDisposable
{
    /// <summary>Of one block, decompressed: a small one can be made to swell a thousandfold.</summary>
    private const int MaxBlockBytes = 16 * 1024;

    // CMF, FLG and, where a dictionary is asked for, its checksum.
    private const int ZlibHeadBytes = 2;
    private const int ZlibDictionaryBytes = 4;
    private const byte DictionaryFlag = 0x20;
    private const byte Deflate = 8;

    private readonly Feed feed = new();
    private readonly DeflateStream inflate;
    private readonly byte[] block = new byte[MaxBlockBytes];
    private bool started;

    public HeaderDecompressor() => inflate = new DeflateStream(feed, CompressionMode.Decompress);

    /// <summary>The headers of a block, names in lower case; several values of a name are joined by NUL on the wire and come apart here.</summary>
    /// <exception cref="SpdyException">Not such a block, or too large.</exception>
    public IReadOnlyDictionary<string, string[]> Decompress(ReadOnlySpan<byte> bytes)
    {
        if (!started) bytes = Start(bytes);
        feed.Add(bytes);
        try
        {
            var length = inflate.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            if (length == block.Length) throw new SpdyException("headers are too large");
            return Parse(block.AsSpan(0, length));
        }
        catch (Exception exception) when (exception is InvalidDataException or ArgumentOutOfRangeException)
        {
            throw new SpdyException("headers cannot be read", exception);
        }
    }

    public void Dispose() => inflate.Dispose();

    private ReadOnlySpan<byte> Start(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < ZlibHeadBytes || (bytes[0] & 0x0F) != Deflate || BinaryPrimitives.ReadUInt16BigEndian(bytes) % 31 != 0)
            throw new SpdyException("headers are not compressed by zlib");
        started = true;
        if ((bytes[1] & DictionaryFlag) == 0) return bytes[ZlibHeadBytes..];
        if (bytes.Length < ZlibHeadBytes + ZlibDictionaryBytes
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[ZlibHeadBytes..]) != SpdyDictionary.Checksum)
            throw new SpdyException("headers are compressed with another dictionary");
        Prime();
        return bytes[(ZlibHeadBytes + ZlibDictionaryBytes)..];
    }

    private void Prime()
    {
        var length = SpdyDictionary.Bytes.Length;

        // A stored block: not the last, its length and the length's complement, and the bytes themselves.
        Span<byte> head = [0, (byte)length, (byte)(length >> 8), (byte)~length, (byte)(~length >> 8)];
        feed.Add(head);
        feed.Add(SpdyDictionary.Bytes.Span);
        inflate.ReadExactly(block.AsSpan(0, length));
    }

    private static Dictionary<string, string[]> Parse(ReadOnlySpan<byte> bytes)
    {
        var count = ReadNumber(ref bytes);
        var headers = new Dictionary<string, string[]>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < count; i++)
        {
            var name = ReadText(ref bytes);
            if (!headers.TryAdd(name, ReadText(ref bytes).Split('\0'))) throw new SpdyException($"header {name} stands there twice");
        }

        return headers;
    }

    private static string ReadText(ref ReadOnlySpan<byte> bytes)
    {
        var length = ReadNumber(ref bytes);
        var text = Encoding.UTF8.GetString(bytes[..length]);
        bytes = bytes[length..];
        return text;
    }

    // Slicing past the end throws ArgumentOutOfRangeException, which the caller makes an error of the client.
    private static int ReadNumber(ref ReadOnlySpan<byte> bytes)
    {
        var number = BinaryPrimitives.ReadInt32BigEndian(bytes[..4]);
        bytes = bytes[4..];
        return number;
    }

    /// <summary>Hands over what was added, then says that there is no more for now.</summary>
    private sealed class Feed : Stream
    {
        private readonly MemoryStream pending = new();

        public void Add(ReadOnlySpan<byte> bytes)
        {
            if (pending.Position == pending.Length) pending.SetLength(0);
            var at = pending.Position;
            pending.Position = pending.Length;
            pending.Write(bytes);
            pending.Position = at;
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => pending.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => pending.Read(buffer);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

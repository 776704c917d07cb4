using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Cluster.Kubelet.Streaming.Spdy;

/// <summary>Writes header blocks: one zlib stream for all of a session's, which starts from the dictionary. One user at a time.</summary>
/// <remarks>
/// The library compresses without dictionaries. A deflate stream is told to compress the dictionary first, and its output for that is
/// dropped: what follows may refer back to it, as to a dictionary that was set.
/// </remarks>
internal sealed class HeaderCompressor : IDisposable
{
    // Deflate with a window of 32 KiB; a dictionary is needed.
    private static ReadOnlySpan<byte> ZlibHead => [0x78, 0xBB];

    private readonly MemoryStream output = new();
    private readonly DeflateStream deflate;
    private bool started;

    public HeaderCompressor()
    {
        deflate = new DeflateStream(output, CompressionLevel.Fastest, leaveOpen: true);
        deflate.Write(SpdyDictionary.Bytes.Span);
        deflate.Flush();
        output.SetLength(0);
    }

    public byte[] Compress(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        if (!started)
        {
            started = true;
            output.Write(ZlibHead);
            WriteNumber(output, (int)SpdyDictionary.Checksum);
        }

        WriteNumber(deflate, headers.Count);
        foreach (var (name, value) in headers)
        {
            WriteText(name);
            WriteText(value);
        }

        deflate.Flush();
        var block = output.ToArray();
        output.SetLength(0);
        return block;
    }

    public void Dispose() => deflate.Dispose();

    private void WriteText(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteNumber(deflate, bytes.Length);
        deflate.Write(bytes);
    }

    private static void WriteNumber(Stream stream, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        stream.Write(bytes);
    }
}

using System.Buffers.Binary;
using System.Text;
using Cluster.Kubelet.Streaming.Spdy;

namespace Cluster.Kubelet.Tests.Streaming.Spdy;

/// <summary>The client's side of a SPDY connection, frame by frame, as a test wants it.</summary>
internal sealed class SpdyClient(Stream transport) : IAsyncDisposable
{
    private readonly HeaderCompressor compressor = new();
    private readonly SemaphoreSlim gate = new(1);
    private int next = 1;

    public async Task<int> OpenAsync(CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        var id = next;
        next += 2;
        var block = compressor.Compress([.. headers.Select(header => KeyValuePair.Create(header.Name, header.Value))]);
        var body = new byte[10 + block.Length];
        BinaryPrimitives.WriteInt32BigEndian(body, id);
        block.CopyTo(body, 10);
        await SendAsync(SpdyFrameHead.Control(SpdyFrameType.SynStream, body.Length), body, cancellationToken);
        return id;
    }

    public Task DataAsync(int stream, byte[] bytes, CancellationToken cancellationToken, bool ends = false) =>
        SendAsync(SpdyFrameHead.Data(stream, bytes.Length, ends), bytes, cancellationToken);

    public Task PairAsync(SpdyFrameType type, int first, int second, CancellationToken cancellationToken) =>
        SendAsync(SpdyFrameHead.Control(type, 8), Numbers(first, second), cancellationToken);

    public Task PingAsync(int number, CancellationToken cancellationToken) =>
        SendAsync(SpdyFrameHead.Control(SpdyFrameType.Ping, 4), Numbers(number), cancellationToken);

    public async Task SendAsync(SpdyFrameHead head, byte[] body, CancellationToken cancellationToken)
    {
        var frame = new byte[SpdyFrameHead.Size + body.Length];
        head.Write(frame);
        body.CopyTo(frame, SpdyFrameHead.Size);
        await gate.WaitAsync(cancellationToken);
        try
        {
            await transport.WriteAsync(frame, cancellationToken);
            await transport.FlushAsync(cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The next frame, except pings of the server; null: it closed the connection.</summary>
    public async Task<(SpdyFrameHead Head, byte[] Body)?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var bytes = new byte[SpdyFrameHead.Size];
            if (await transport.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken) < bytes.Length) return null;
            var head = SpdyFrameHead.Parse(bytes);
            var body = new byte[head.Length];
            await transport.ReadExactlyAsync(body, cancellationToken);
            if (head.Type != SpdyFrameType.Ping || BinaryPrimitives.ReadInt32BigEndian(body) % 2 != 0) return (head, body);
        }
    }

    /// <summary>The next frame of a type; others before it are dropped.</summary>
    public async Task<(SpdyFrameHead Head, byte[] Body)> ReadAsync(SpdyFrameType? type, CancellationToken cancellationToken)
    {
        while (true)
        {
            var frame = await ReadAsync(cancellationToken) ?? throw new IOException("the server closed the connection");
            if (frame.Head.Type == type) return frame;
        }
    }

    public Task<(SpdyFrameHead Head, byte[] Body)> ReadDataAsync(CancellationToken cancellationToken) => ReadAsync(type: null, cancellationToken);

    /// <summary>Reads data until these streams ended; what each held.</summary>
    public async Task<Dictionary<int, byte[]>> ReadToEndAsync(CancellationToken cancellationToken, params int[] streams)
    {
        var open = streams.ToHashSet();
        var held = streams.ToDictionary(stream => stream, _ => new MemoryStream());
        while (open.Count > 0)
        {
            var (head, body) = await ReadDataAsync(cancellationToken);
            held[head.StreamId].Write(body);
            if (head.Ends) open.Remove(head.StreamId);
        }

        return held.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray());
    }

    public static byte[] Numbers(params int[] numbers)
    {
        var bytes = new byte[4 * numbers.Length];
        for (var i = 0; i < numbers.Length; i++) BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), numbers[i]);
        return bytes;
    }

    public static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    public async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync();
        compressor.Dispose();
        gate.Dispose();
    }
}

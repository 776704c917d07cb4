using System.Buffers.Binary;

namespace Cluster.ApiServer.Tests.Grpc;

/// <summary>A client's HTTP/2 connection without its TLS, which tells when the server has answered a ping that keeps it alive.</summary>
/// <param name="inner">The connection.</param>
/// <param name="onAnswer">Called for each answer.</param>
internal sealed class PingCounter(Stream inner, Action onAnswer) : Stream
{
    private const int HeaderBytes = 9;
    private const byte Ping = 6;
    private const byte Ack = 1;

    private readonly List<byte> _head = [];
    private int _skip;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        Look(buffer.Span[..read]);
        return read;
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    // RFC 9113, 4.1 and 6.7: length (24 bits), type, flags, stream, and of a ping eight bytes of the client's own.
    private void Look(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (_skip > 0)
            {
                _skip--;
                continue;
            }

            _head.Add(value);
            if (_head.Count < HeaderBytes || (_head[3] == Ping && _head.Count < HeaderBytes + sizeof(long)))
                continue;
            var isPing = _head[3] == Ping;
            // The handler's other pings, which measure the round trip, count downwards from zero.
            if (isPing && (_head[4] & Ack) != 0 && BinaryPrimitives.ReadInt64BigEndian(_head.ToArray().AsSpan(HeaderBytes)) > 0)
                onAnswer();
            _skip = isPing ? 0 : (_head[0] << 16) | (_head[1] << 8) | _head[2];
            _head.Clear();
        }
    }
}

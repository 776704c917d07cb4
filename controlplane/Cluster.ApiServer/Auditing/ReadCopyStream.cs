namespace Cluster.ApiServer.Auditing;

/// <summary>Keeps a copy of what is read through it; beyond the limit it keeps nothing.</summary>
/// <remarks>Nothing is read on its own account: what nobody asks for, as of a request that is refused, costs nothing.</remarks>
internal sealed class ReadCopyStream(Stream inner, int limit) : Stream
{
    private readonly BoundedCopy _copy = new(limit);

    /// <summary>All that was read; empty: it was more than the limit.</summary>
    public ReadOnlyMemory<byte> Copied => _copy.Bytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        _copy.Add(buffer.Span[..count]);
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

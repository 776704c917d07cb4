namespace Cluster.Kubelet.Server;

/// <summary>Passes on so many bytes, each write at once, then says it is full.</summary>
internal sealed class LimitedStream(Stream inner, long? limit) : Stream
{
    private readonly CancellationTokenSource full = new();
    private long left = limit ?? long.MaxValue;

    /// <summary>Cancelled when the limit is reached.</summary>
    public CancellationToken Full => full.Token;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var part = buffer.Length <= left ? buffer : buffer[..(int)left];
        left -= part.Length;
        await inner.WriteAsync(part, cancellationToken);

        // A follower wants lines as they come, not when a buffer is full.
        await inner.FlushAsync(cancellationToken);
        if (left == 0) await full.CancelAsync();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    public override void Flush() => throw new NotSupportedException("asynchronous only");

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) full.Dispose();
        base.Dispose(disposing);
    }
}

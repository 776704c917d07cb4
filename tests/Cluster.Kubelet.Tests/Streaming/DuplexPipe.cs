using System.IO.Pipelines;

namespace Cluster.Kubelet.Tests.Streaming;

/// <summary>A connection in memory: what one end writes the other reads, with a bound in between as a socket has one.</summary>
internal sealed class DuplexPipe : Stream
{
    private readonly Stream input;
    private readonly Stream output;

    private DuplexPipe(PipeReader input, PipeWriter output) => (this.input, this.output) = (input.AsStream(), output.AsStream());

    public static (DuplexPipe Client, DuplexPipe Server) Create(int boundBytes = 128 * 1024)
    {
        var options = new PipeOptions(pauseWriterThreshold: boundBytes, resumeWriterThreshold: boundBytes / 2, useSynchronizationContext: false);
        Pipe up = new(options), down = new(options);
        return (new DuplexPipe(down.Reader, up.Writer), new DuplexPipe(up.Reader, down.Writer));
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

    public override void Flush() => output.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) output.Dispose();
        base.Dispose(disposing);
    }
}

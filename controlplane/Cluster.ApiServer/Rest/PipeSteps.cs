using System.Buffers;
using System.IO.Pipelines;

namespace Cluster.ApiServer.Rest;

/// <summary>A pipe's writer that counts what was written since its last flush. One writer.</summary>
internal sealed class PipeSteps(PipeWriter pipe) : IBufferWriter<byte>
{
    /// <summary>Bytes since the last flush.</summary>
    public int Pending { get; private set; }

    public void Advance(int count)
    {
        pipe.Advance(count);
        Pending += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => pipe.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => pipe.GetSpan(sizeHint);

    public ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken)
    {
        Pending = 0;
        return pipe.FlushAsync(cancellationToken);
    }
}

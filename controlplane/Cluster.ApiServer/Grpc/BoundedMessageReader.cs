using System.IO.Pipelines;
using Grpc.Core;

namespace Cluster.ApiServer.Grpc;

/// <summary>The body of a call, which ends with RESOURCE_EXHAUSTED where it is longer than it may be. Used by one call alone.</summary>
/// <remarks>The web server's own limit is an error that gRPC knows no status for.</remarks>
internal sealed class BoundedMessageReader(PipeReader body, int maxBytes) : PipeReader
{
    private long _consumed;
    private System.Buffers.ReadOnlySequence<byte> _last;

    /// <inheritdoc/>
    /// <exception cref="RpcException">The body is too long.</exception>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Checked(await body.ReadAsync(cancellationToken));

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        if (!body.TryRead(out result))
            return false;
        result = Checked(result);
        return true;
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _consumed += _last.Slice(0, consumed).Length;
        _last = default;
        body.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => body.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => body.Complete(exception);

    private ReadResult Checked(ReadResult result)
    {
        _last = result.Buffer;
        if (_consumed + result.Buffer.Length <= maxBytes)
            return result;
        body.AdvanceTo(result.Buffer.End);
        throw new RpcException(new global::Grpc.Core.Status(StatusCode.ResourceExhausted, $"Received message exceeds the maximum configured message size: limit is {maxBytes}"));
    }
}

using System.IO.Pipelines;

namespace Cluster.ApiServer.Hosting;

/// <summary>What a client sends, given to TLS in turns until the handshake is over, and then as it comes.</summary>
/// <remarks>One reader; <see cref="End"/> may be called from anywhere.</remarks>
internal sealed class HandshakeInput(PipeReader input, Handshakes handshakes, string address, Action abort) : PipeReader
{
    private const int None = 0;
    private const int First = 1;
    private const int Later = 2;

    private volatile bool _isOver;
    private bool _begun;
    private int _turn;

    /// <summary>The handshake is over, well or not.</summary>
    public void End()
    {
        _isOver = true;
        Leave();
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        _isOver ? input.ReadAsync(cancellationToken) : ReadInTurnAsync(cancellationToken);

    public override bool TryRead(out ReadResult result) => input.TryRead(out result);

    public override void AdvanceTo(SequencePosition consumed) => input.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => input.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => input.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        End();
        input.Complete(exception);
    }

    private async ValueTask<ReadResult> ReadInTurnAsync(CancellationToken cancellationToken)
    {
        Leave();
        var result = await input.ReadAsync(cancellationToken);
        if (result.Buffer.IsEmpty)
            return result;
        var entered = false;
        try
        {
            entered = await handshakes.EnterAsync(address, _begun, cancellationToken);
            await handshakes.SwitchAsync();
        }
        finally
        {
            // It was not read, and whoever ends the connection may read on.
            if (!entered)
                input.AdvanceTo(result.Buffer.Start);
        }

        if (!entered)
        {
            abort();
            throw new IOException("too many connections of this address wait for their TLS handshake");
        }

        Interlocked.Exchange(ref _turn, _begun ? Later : First);
        _begun = true;
        // The connection ended meanwhile.
        if (_isOver)
            Leave();
        return result;
    }

    private void Leave()
    {
        var turn = Interlocked.Exchange(ref _turn, None);
        if (turn != None)
            handshakes.Leave(address, turn == Later);
    }
}

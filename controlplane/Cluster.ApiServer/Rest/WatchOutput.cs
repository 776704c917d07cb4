using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>
/// The way of a watch's bytes to its client, in steps: what the client has not taken is at most a step and the frame that filled it, and a
/// client that takes nothing is found out.
/// </summary>
/// <remarks>
/// A frame is begun, written in parts and ended; only one that is larger than a step is held up in its middle. One writer.
/// </remarks>
internal sealed class WatchOutput(HttpContext context, TimeProvider time)
{
    // Kestrel's pipe holds a writer back at 64 KiB: with a step of the same size a client owes two of them at most.
    private const int StepBytes = 64 * 1024;

    private readonly PipeSteps _steps = new(context.Response.BodyWriter);
    private bool _insideFrame;

    /// <summary>Begins a frame; first lets the client take what waits, if that is a step. False: the client is stuck.</summary>
    public async ValueTask<bool> BeginFrameAsync(CancellationToken cancellationToken)
    {
        if (_steps.Pending >= StepBytes && !await FlushAsync(cancellationToken))
            return false;

        _insideFrame = true;
        return true;
    }

    public void EndFrame() => _insideFrame = false;

    /// <summary>The few bytes around an object.</summary>
    public IBufferWriter<byte> Small => _steps;

    /// <summary>An object; it is copied no further ahead of the client than a step. False: the client is stuck.</summary>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> shared, CancellationToken cancellationToken)
    {
        while (shared.Length > StepBytes)
        {
            _steps.Write(shared.Span[..StepBytes]);
            shared = shared[StepBytes..];
            if (!await FlushAsync(cancellationToken))
                return false;
        }

        _steps.Write(shared.Span);
        return true;
    }

    /// <summary>Sends what was written and waits while the client owes more than a step. False: it is stuck.</summary>
    public ValueTask<bool> FlushAsync(CancellationToken cancellationToken) => FlushAsync(StuckClient.Patience, cancellationToken);

    /// <summary>
    /// Sends the last frames of a stream whose client may be stuck, and cuts the stream if it does not take them either. Nothing is
    /// written where a frame was left unfinished: it could not be read.
    /// </summary>
    public async ValueTask EndAsync(Action<IBufferWriter<byte>> write, CancellationToken cancellationToken)
    {
        if (!_insideFrame)
        {
            write(_steps);
            if (await FlushAsync(StuckClient.Grace, cancellationToken))
                return;
        }

        context.Abort();
    }

    private async ValueTask<bool> FlushAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var flushing = _steps.FlushAsync(cancellationToken);
        if (!flushing.IsCompleted)
            return await StuckClient.TakesAsync(flushing.AsTask(), context, patience, time);

        await flushing;
        return true;
    }
}

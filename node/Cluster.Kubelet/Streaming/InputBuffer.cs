using System.Buffers;
using System.IO.Pipelines;

namespace Cluster.Kubelet.Streaming;

/// <summary>Bytes on their way from a session's reading loop to who uses a stream: bounded, so that a slow user slows the client.</summary>
internal sealed class InputBuffer
{
    /// <summary>Held per stream before the client waits; a terminal needs less, a copy is not faster with more.</summary>
    public const int BoundBytes = 64 * 1024;

    private readonly Pipe pipe = new(new PipeOptions(
        pauseWriterThreshold: BoundBytes, resumeWriterThreshold: BoundBytes / 2, useSynchronizationContext: false));

    private readonly Lock sync = new();
    private bool ended;

    public InputBuffer() => Reader = pipe.Reader.AsStream();

    public Stream Reader { get; }

    /// <summary>Adds a piece; waits while the buffer is full, unless its reader is done.</summary>
    public async ValueTask AddAsync(ReadOnlySequence<byte> bytes, CancellationToken cancellationToken)
    {
        foreach (var piece in bytes)
        {
            lock (sync)
            {
                if (ended) return;
                pipe.Writer.Write(piece.Span);
            }

            // Completion of the reader, which Discard is, ends the wait too.
            if ((await pipe.Writer.FlushAsync(cancellationToken)).IsCompleted) return;
        }
    }

    /// <summary>Nobody reads any more: what is there and what still comes is dropped. The reader must be idle.</summary>
    public void Discard() => pipe.Reader.Complete();

    /// <summary>The reader gets what is there and then the end.</summary>
    public void End()
    {
        lock (sync)
        {
            if (ended) return;
            ended = true;
        }

        pipe.Writer.Complete();
    }
}

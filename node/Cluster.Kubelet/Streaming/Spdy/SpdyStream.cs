using System.Buffers;

namespace Cluster.Kubelet.Streaming.Spdy;

/// <summary>A stream the client opened.</summary>
internal sealed class SpdyStream(SpdySession session, int id, IReadOnlyDictionary<string, string[]> headers) : IClientStream
{
    private readonly InputBuffer input = new();
    private volatile bool reset;
    private volatile bool inputEnded;
    private volatile bool outputEnded;

    public int Id => id;

    public Stream Input => input.Reader;

    /// <summary>Both directions ended: the session forgets it.</summary>
    public bool IsClosed => reset || (inputEnded && outputEnded);

    /// <summary>What may still be sent, where the client takes part in flow control.</summary>
    public SendWindow Window { get; } = new();

    /// <summary>Received and not yet told to the client as taken. The reading loop's own.</summary>
    public int Untold { get; set; }

    /// <summary>The first value of a header; empty where there is none.</summary>
    public string Header(string name) => headers.TryGetValue(name, out var values) ? values[0] : "";

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        reset || outputEnded
            ? ValueTask.FromException(new IOException($"stream {id} is closed"))
            : session.WriteDataAsync(this, bytes, ends: false, cancellationToken);

    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        if (reset || outputEnded) return;
        outputEnded = true;
        try
        {
            await session.WriteDataAsync(this, default, ends: true, cancellationToken);
        }
        catch (IOException)
        {
            // The client went away: it needs no end.
        }

        session.ForgetIfClosed(this);
    }

    public ValueTask AddInputAsync(ReadOnlySequence<byte> bytes, CancellationToken cancellationToken) => input.AddAsync(bytes, cancellationToken);

    public void EndInput()
    {
        inputEnded = true;
        input.End();
        session.ForgetIfClosed(this);
    }

    public void Discard() => input.Discard();

    /// <summary>The client gave the stream up, or the session is over.</summary>
    public void Break()
    {
        reset = true;
        input.End();
        Window.Release();
    }
}

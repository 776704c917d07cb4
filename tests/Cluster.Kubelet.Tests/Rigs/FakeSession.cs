using System.Threading.Channels;
using Cluster.Containers;

namespace Cluster.Kubelet.Tests.Rigs;

/// <summary>A process in memory: a test's function plays it.</summary>
public sealed class FakeSession : IContainerSession
{
    private readonly Channel<(byte[] Bytes, bool IsError)> output = Channel.CreateBounded<(byte[], bool)>(4);
    private readonly Channel<byte[]> input = Channel.CreateBounded<byte[]>(4);
    private readonly CancellationTokenSource letGo = new();
    private readonly Task<int> running;
    private (byte[] Bytes, bool IsError, int At) rest = ([], false, 0);

    /// <param name="spec">What was asked for.</param>
    /// <param name="play">Reads input, writes output, and returns the exit code.</param>
    public FakeSession(SessionSpec spec, Func<FakeSession, CancellationToken, Task<int>> play)
    {
        Spec = spec;
        running = RunAsync(play);
    }

    public SessionSpec Spec { get; }

    /// <summary>What the client sends, until it ends its input.</summary>
    public ChannelReader<byte[]> Input => input.Reader;

    public List<(int Width, int Height)> Sizes { get; } = [];

    public bool IsLetGo => letGo.IsCancellationRequested;

    public ValueTask OutputAsync(byte[] bytes, bool isError = false) => output.Writer.WriteAsync((bytes, isError), letGo.Token);

    public async ValueTask<SessionOutput> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        if (rest.At == rest.Bytes.Length)
        {
            if (!await output.Reader.WaitToReadAsync(cancellationToken) || !output.Reader.TryRead(out var next)) return default;
            rest = (next.Bytes, next.IsError, 0);
        }

        var count = Math.Min(buffer.Length, rest.Bytes.Length - rest.At);
        rest.Bytes.AsSpan(rest.At, count).CopyTo(buffer);
        rest.At += count;
        return new SessionOutput(count, rest.IsError);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        input.Writer.WriteAsync(bytes.ToArray(), cancellationToken);

    public void CloseInput() => input.Writer.TryComplete();

    public Task ResizeAsync(int width, int height, CancellationToken cancellationToken)
    {
        lock (Sizes) Sizes.Add((width, height));
        return Task.CompletedTask;
    }

    public Task<int> WaitAsync(CancellationToken cancellationToken) => running.WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await letGo.CancelAsync();
        await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<int> RunAsync(Func<FakeSession, CancellationToken, Task<int>> play)
    {
        try
        {
            return await play(this, letGo.Token);
        }
        finally
        {
            output.Writer.TryComplete();
        }
    }
}

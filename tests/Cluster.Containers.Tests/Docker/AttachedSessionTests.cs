using Cluster.Containers.Docker;

namespace Cluster.Containers.Tests.Docker;

/// <summary>Streams of a container that end with it, over streams that never do.</summary>
public sealed class AttachedSessionTests
{
    [Fact]
    public async Task Read_OfWhatEndedBeforeItWasJoined_IsRefused()
    {
        await using var session = new AttachedSession(new EndlessSession(), Task.CompletedTask, new CancellationTokenSource());

        var failure = await Assert.ThrowsAsync<RuntimeException>(async () => await session.ReadAsync(new byte[10], CancellationToken.None));

        Assert.Equal(RuntimeFailure.Conflict, failure.Failure);
    }

    [Fact]
    public async Task Read_AfterTheExit_TakesWhatIsThereAndEnds()
    {
        await using var session = new AttachedSession(new EndlessSession("ab", "c"), Task.CompletedTask, new CancellationTokenSource());
        var buffer = new byte[10];

        Assert.Equal(2, (await session.ReadAsync(buffer, CancellationToken.None)).Count);
        Assert.Equal(1, (await session.ReadAsync(buffer, CancellationToken.None)).Count);
        Assert.Equal(default, await session.ReadAsync(buffer, CancellationToken.None));
    }

    [Fact]
    public async Task Read_WhileTheContainerRuns_WaitsUntilItsReaderLeaves()
    {
        var exit = new TaskCompletionSource();
        var session = new AttachedSession(new EndlessSession(), exit.Task, new CancellationTokenSource());
        using var leave = new CancellationTokenSource();

        var read = session.ReadAsync(new byte[10], leave.Token).AsTask();
        Assert.False(read.IsCompleted);
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        exit.SetResult();
        await session.DisposeAsync();
    }

    /// <summary>Tells its words and then nothing, for ever.</summary>
    private sealed class EndlessSession(params string[] words) : IContainerSession
    {
        private readonly Queue<string> words = new(words);

        public async ValueTask<SessionOutput> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
        {
            if (words.TryDequeue(out var word)) return new SessionOutput(System.Text.Encoding.ASCII.GetBytes(word, buffer), false);
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return default;
        }

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public void CloseInput()
        {
        }

        public Task ResizeAsync(int width, int height, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<int> WaitAsync(CancellationToken cancellationToken) => Task.FromResult(0);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

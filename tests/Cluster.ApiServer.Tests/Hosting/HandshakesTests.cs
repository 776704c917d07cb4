using System.IO.Pipelines;
using System.Net;
using Cluster.ApiServer.Hosting;
using Cluster.Testing;
using Microsoft.AspNetCore.Connections;

namespace Cluster.ApiServer.Tests.Hosting;

public sealed class HandshakesTests : IDisposable
{
    private readonly Handshakes _handshakes = new(atOnce: 1, waitingOfOneAddress: 3, TimeProvider.System);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _handshakes.Dispose();

    [Fact]
    public async Task Steps_AreComputedOneAtATime_AndAddressesTakeTurns()
    {
        await using var first = Connect("192.0.2.1");
        await first.SendAsync();
        await first.ReadsAsync();
        Client[] greedy = [Connect("192.0.2.1"), Connect("192.0.2.1")];
        await using var modest = Connect("192.0.2.2");
        foreach (var client in greedy)
            await client.SendAsync();
        await modest.SendAsync();
        Assert.False(greedy[0].HasRead || greedy[1].HasRead || modest.HasRead);

        // It needs more of its client: its turn is over, and it does not wait with it.
        first.ReadOn();
        await greedy[0].ReadsAsync();
        Assert.False(greedy[1].HasRead || modest.HasRead);

        // Over, well or not.
        greedy[0].Finish();
        await modest.ReadsAsync();
        Assert.False(greedy[1].HasRead);
        await modest.DisposeAsync();
        await greedy[1].ReadsAsync();
        foreach (var client in greedy)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task Silent_HoldsNoTurn()
    {
        Client[] silent = [.. Enumerable.Range(0, 50).Select(_ => Connect("192.0.2.1"))];
        await using var other = Connect("192.0.2.1");

        await other.SendAsync();
        await other.ReadsAsync();

        foreach (var client in silent)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task BeyondThoseThatMayWait_AreCutOff_AndBegunOnesNever()
    {
        await using var begun = Connect("192.0.2.1");
        await begun.SendAsync();
        await begun.ReadsAsync();
        begun.ReadOn();
        await using var running = Connect("192.0.2.1");
        await running.SendAsync();
        await running.ReadsAsync();
        Client[] waiting = [Connect("192.0.2.1"), Connect("192.0.2.1"), Connect("192.0.2.1")];
        await using var one = Connect("192.0.2.1");
        foreach (var client in waiting)
            await client.SendAsync();

        await one.SendAsync();
        await Assert.ThrowsAsync<IOException>(() => one.Reading);
        Assert.True(one.IsAborted);
        // Who comes when they are so many already has not even the parts of TLS made for it.
        await using var late = Connect("192.0.2.1");
        Assert.True(late.IsAborted);
        Assert.Null(late.Reading);
        await using var other = Connect("192.0.2.2");
        Assert.False(other.IsAborted);

        // Its second step has a turn of its own.
        await begun.SendAsync();
        await begun.ReadsAsync();
        foreach (var client in waiting)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task Connected_WaitsForNobody()
    {
        await using var connected = Connect("192.0.2.1");
        await connected.SendAsync();
        await connected.ReadsAsync();
        connected.Finish();
        await using var running = Connect("192.0.2.1");
        await running.SendAsync();
        await running.ReadsAsync();

        for (var i = 0; i < 10; i++)
        {
            connected.ReadOn();
            await connected.SendAsync();
            await connected.ReadsAsync();
        }
    }

    private Client Connect(string address) => new(_handshakes, address);

    /// <summary>A connection whose server reads when it is told to.</summary>
    private sealed class Client : IAsyncDisposable
    {
        // Whoever is sent first asks first.
        private readonly Pipe _bytes = new(new PipeOptions(readerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task _running;
        private ConnectionContext _connection = null!;
        private ReadResult? _read;

        public Client(Handshakes handshakes, string address)
        {
            var connection = new Connection { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1), Transport = new Transport(_bytes), Aborted = () => IsAborted = true };
            _running = handshakes.RunAsync(connection, server =>
            {
                _connection = server;
                ReadOn();
                return _end.Task;
            });
        }

        public bool IsAborted { get; private set; }

        public Task<ReadResult> Reading { get; private set; } = null!;

        public bool HasRead => Reading.IsCompleted;

        public async Task SendAsync() => await _bytes.Writer.WriteAsync("x"u8.ToArray(), Cancel);

        public async Task ReadsAsync() => _read = await Reading.WaitAsync(TimeSpan.FromSeconds(30), Cancel);

        public void ReadOn()
        {
            if (_read is { } read)
                _connection.Transport.Input.AdvanceTo(read.Buffer.End);
            _read = null;
            Reading = _connection.Transport.Input.ReadAsync(Cancel).AsTask();
        }

        public void Finish() => Handshakes.EndAsync(_connection, _ => Task.CompletedTask);

        public async ValueTask DisposeAsync()
        {
            _end.TrySetResult();
            await _running;
        }
    }

    private sealed class Connection : DefaultConnectionContext
    {
        public required Action Aborted { get; init; }

        public override void Abort(ConnectionAbortedException abortReason) => Aborted();
    }

    private sealed class Transport(Pipe bytes) : IDuplexPipe
    {
        public PipeReader Input => bytes.Reader;

        public PipeWriter Output => bytes.Writer;
    }
}

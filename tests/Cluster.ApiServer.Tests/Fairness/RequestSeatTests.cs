using System.IO.Pipelines;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Fairness;

/// <summary>One seat in all: whether it was given back shows in who gets it next.</summary>
public sealed class RequestSeatTests : IDisposable
{
    private static readonly UserIdentity Jane = new("jane", ["system:authenticated"]);
    private static readonly RequestLabels Watch = new("WATCH", "", "pods", "", LongRunning: true) { FromBeginning = true };

    private readonly FakeTimeProvider _time = new();
    private readonly FairQueues _queues;
    private readonly RequestSeat _seat;

    public RequestSeatTests()
    {
        _queues = new FairQueues(6, TimeSpan.FromMinutes(1), _time, cores: 8);
        _seat = new RequestSeat(_queues, Jane, "/");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _seat.Dispose();

    [Fact]
    public async Task AWatchWhoseClientTakesNothing_GivesItsSeatBackLongBeforeItIsCut()
    {
        await _seat.TakeAsync(Watch, Cancel);
        using var next = new RequestSeat(_queues, Jane, "/");
        var waiting = next.TakeAsync(Watch, Cancel).AsTask();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1024, resumeWriterThreshold: 512));
        var context = new DefaultHttpContext();
        context.Features.Set(_seat);
        context.Features.Set<IHttpResponseBodyFeature>(new PipedBody(pipe.Writer));
        var output = new WatchOutput(context, _time);
        await output.WriteAsync(new byte[10_000], Cancel);
        var flushing = output.FlushAsync(Cancel).AsTask();

        _time.Advance(RequestSeat.LongestOnClient - TimeSpan.FromSeconds(1));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await waiting.WaitAsync(Cancel);

        Assert.False(flushing.IsCompleted);
        _time.Advance(StuckClient.Patience);
        Assert.False(await flushing);
    }

    [Fact]
    public async Task WaitsOnTheClient_AreAddedUp()
    {
        await _seat.TakeAsync(Watch, Cancel);
        using var next = new RequestSeat(_queues, Jane, "/");
        var waiting = next.TakeAsync(Watch, Cancel).AsTask();
        for (var i = 0; i < 2; i++)
        {
            using (_seat.WaitOnClient(_time))
                _time.Advance(RequestSeat.LongestOnClient / 2 - TimeSpan.FromMilliseconds(1));
            // Work in between is not the client's time.
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.False(waiting.IsCompleted);
        using (_seat.WaitOnClient(_time))
            _time.Advance(TimeSpan.FromMilliseconds(2));
        await waiting.WaitAsync(Cancel);
        Assert.Null(_seat.WaitOnClient(_time));
    }

    [Fact]
    public async Task Dispose_FromManyThreads_GivesBackOnce()
    {
        for (var round = 0; round < 200; round++)
        {
            await _seat.TakeAsync(Watch, Cancel);
            Parallel.For(0, 4, _ => _seat.Dispose());
        }

        // Given back twice, there would be room for two.
        await _seat.TakeAsync(Watch, Cancel);
        using var next = new RequestSeat(_queues, Jane, "/");
        Assert.False(next.TakeAsync(Watch, Cancel).AsTask().IsCompleted);
    }

    private sealed class PipedBody(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream => writer.AsStream();

        public PipeWriter Writer => writer;

        public Task CompleteAsync() => writer.CompleteAsync().AsTask();

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}

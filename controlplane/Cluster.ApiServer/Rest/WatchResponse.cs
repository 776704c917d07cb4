using System.Buffers;
using Cluster.Api;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Cluster.ApiServer.Rest;

/// <summary>A watch on the wire: frames of JSON or protobuf; events that became visible together go out together.</summary>
/// <param name="context">The request; its response has not started.</param>
/// <param name="bodies">The objects' form.</param>
/// <param name="time">The clock of its limits.</param>
internal sealed class WatchResponse(HttpContext context, WatchBodies bodies, TimeProvider time) : IWatchAnswer
{
    private readonly WatchOutput _output = new(context, time);

    /// <inheritdoc/>
    public async Task RunAsync(ResourceWatch watch, TimeSpan timeout, Action onStuck)
    {
        using var expiry = new CancellationTokenSource(timeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, context.RequestAborted);
        await StartAsync();
        try
        {
            await foreach (var batch in watch.ReadAsync(ended.Token))
            {
                if (await WriteAsync(batch, ended.Token))
                    continue;

                onStuck();
                await FailAsync(StuckClient.Failure);
                return;
            }
        }
        catch (StatusException failure)
        {
            await FailAsync(failure);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The timeout, or the client went while a write was under way.
        }
    }

    /// <inheritdoc/>
    public async Task RefuseAsync(StatusException failure)
    {
        await StartAsync();
        await FailAsync(failure);
    }

    private async Task StartAsync()
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = bodies.AreProtobuf ? MediaType.Protobuf + ";stream=watch" : MediaType.Json;
        response.Headers.CacheControl = "no-cache, private";
        // A quiet watch sends nothing for minutes; what a slow one may owe and for how long, its output knows.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        await response.StartAsync(context.RequestAborted);
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    // A client that does not read holds this up; its cursor then falls behind, and nobody else's.
    private async ValueTask<bool> WriteAsync(IReadOnlyList<ResourceEvent> batch, CancellationToken cancellationToken)
    {
        foreach (var change in batch)
        {
            var obj = bodies.Of(change);
            if (!await _output.BeginFrameAsync(cancellationToken))
                return false;

            Begin(_output.Small, WatchBodies.TypeOf(change), obj.Length);
            if (!await _output.WriteAsync(obj, cancellationToken))
                return false;

            End(_output.Small);
            _output.EndFrame();
        }

        return await _output.FlushAsync(cancellationToken);
    }

    private ValueTask FailAsync(StatusException failure)
    {
        var body = bodies.Of(failure);
        return _output.EndAsync(
            output =>
            {
                Begin(output, "ERROR", body.Length);
                output.Write(body.Span);
                End(output);
            },
            context.RequestAborted);
    }

    private void Begin(IBufferWriter<byte> output, string type, int length)
    {
        if (bodies.AreProtobuf)
            WatchFrame.BeginProtobuf(output, type, length);
        else
            WatchFrame.BeginJson(output, type);
    }

    private void End(IBufferWriter<byte> output)
    {
        if (!bodies.AreProtobuf)
            WatchFrame.EndJson(output);
    }
}

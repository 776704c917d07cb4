using System.Buffers;
using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Cluster.ApiServer.Rest;

/// <summary>A watch on the wire: frames of JSON or protobuf; events that became visible together go out together.</summary>
/// <param name="context">The request; its response has not started.</param>
/// <param name="format">JSON or protobuf, and what is seen of the objects.</param>
/// <param name="table">Makes the rows, where those are wanted.</param>
/// <param name="time">The clock of its limits.</param>
internal sealed class WatchResponse(HttpContext context, ResponseFormat format, TableBody? table, TimeProvider time)
{
    // In the order of ResourceEventType.
    private static readonly string[] Types = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"];

    private readonly WatchOutput _output = new(context, time);
    private bool _columnsSent;

    /// <summary>
    /// Sends events until the timeout, which ends the stream normally, until the client goes, or until it is stuck: then it is told so.
    /// </summary>
    /// <param name="watch">The events.</param>
    /// <param name="timeout">The end, if nothing else ends it.</param>
    /// <param name="onStuck">Told of a client that is stuck, before it gets the time to take the reason.</param>
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

    /// <summary>A watch that cannot begin is told so in its first event, as Kubernetes does.</summary>
    public async Task RefuseAsync(StatusException failure)
    {
        await StartAsync();
        await FailAsync(failure);
    }

    private async Task StartAsync()
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = format.IsProtobuf ? MediaType.Protobuf + ";stream=watch" : MediaType.Json;
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
            var obj = Body(change.Object);
            if (!await _output.BeginFrameAsync(cancellationToken))
                return false;

            Begin(_output.Small, Types[(int)change.Type], obj.Length);
            if (!await _output.WriteAsync(obj, cancellationToken))
                return false;

            End(_output.Small);
            _output.EndFrame();
        }

        return await _output.FlushAsync(cancellationToken);
    }

    private ValueTask FailAsync(StatusException failure)
    {
        var status = new EncodedMessage(failure.Status, "v1", "Status");
        var body = format.IsProtobuf ? status.Protobuf : status.Json;
        return _output.EndAsync(
            output =>
            {
                Begin(output, "ERROR", body.Length);
                output.Write(body.Span);
                End(output);
            },
            context.RequestAborted);
    }

    private ReadOnlyMemory<byte> Body(EncodedMessage message)
    {
        var obj = (IApiObject)message.Message;
        if (table is not null)
        {
            var meta = new ListMeta { ResourceVersion = obj.Metadata.ResourceVersion };
            var rows = table.Write(meta, [message], withColumns: !_columnsSent);
            _columnsSent = true;
            return rows;
        }

        if (format.View == ObjectView.Metadata)
            message = PartialMetadata.Of(obj, format.ViewVersion);
        return format.IsProtobuf ? message.Protobuf : message.Json;
    }

    private void Begin(IBufferWriter<byte> output, string type, int length)
    {
        if (format.IsProtobuf)
            WatchFrame.BeginProtobuf(output, type, length);
        else
            WatchFrame.BeginJson(output, type);
    }

    private void End(IBufferWriter<byte> output)
    {
        if (!format.IsProtobuf)
            WatchFrame.EndJson(output);
    }
}

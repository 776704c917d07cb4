using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Api.Runtime;
using Cluster.ApiServer.WatchCache;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Cluster.ApiServer.Rest;

/// <summary>A watch on the wire: frames of JSON or protobuf, all events that became visible together in one write.</summary>
/// <param name="context">The request; its response has not started.</param>
/// <param name="format">JSON or protobuf, and what is seen of the objects.</param>
/// <param name="table">Makes the rows, where those are wanted.</param>
internal sealed class WatchResponse(HttpContext context, ResponseFormat format, TableBody? table)
{
    // In the order of ResourceEventType.
    private static readonly string[] Types = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"];

    private bool _columnsSent;

    /// <summary>Sends events until the timeout, which ends the stream normally, or until the client goes.</summary>
    public async Task RunAsync(ResourceWatch watch, TimeSpan timeout, TimeProvider time)
    {
        using var expiry = new CancellationTokenSource(timeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(expiry.Token, context.RequestAborted);
        await StartAsync();
        try
        {
            await foreach (var batch in watch.ReadAsync(ended.Token))
            {
                foreach (var change in batch)
                    Write(Types[(int)change.Type], change.Object);
                // A client that does not read holds this up; its cursor then falls behind, and it alone is told so.
                await context.Response.BodyWriter.FlushAsync(ended.Token);
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
        // A quiet watch sends nothing for minutes; the cursor bounds what a slow one costs.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        await response.StartAsync(context.RequestAborted);
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private async Task FailAsync(StatusException failure)
    {
        var status = new EncodedMessage(failure.Status, "v1", "Status");
        WriteFrame("ERROR", status);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private void Write(string type, EncodedMessage message)
    {
        var obj = (IApiObject)message.Message;
        if (format.View == ObjectView.Metadata)
        {
            WriteFrame(type, PartialMetadata.Of(obj, format.ViewVersion));
        }
        else if (table is not null)
        {
            var meta = new ListMeta { ResourceVersion = obj.Metadata.ResourceVersion };
            WriteJson(type, table.Write(meta, [message], withColumns: !_columnsSent).Span);
            _columnsSent = true;
        }
        else
        {
            WriteFrame(type, message);
        }
    }

    private void WriteFrame(string type, EncodedMessage message)
    {
        if (format.IsProtobuf)
            WriteProtobuf(type, message.Protobuf);
        else
            WriteJson(type, message.Json.Span);
    }

    private void WriteJson(string type, ReadOnlySpan<byte> json)
    {
        var output = context.Response.BodyWriter;
        output.Write("{\"type\":\""u8);
        Encoding.ASCII.GetBytes(type.AsSpan(), output);
        output.Write("\",\"object\":"u8);
        output.Write(json);
        output.Write("}\n"u8);
    }

    // Four bytes of length, then a bare WatchEvent whose object is the enveloped one.
    private void WriteProtobuf(string type, ReadOnlyMemory<byte> envelope)
    {
        var output = context.Response.BodyWriter;
        var change = new WatchEvent { Type = type, Object = new RawExtension { Raw = UnsafeByteOperations.UnsafeWrap(envelope) } };
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(sizeof(int)), change.CalculateSize());
        output.Advance(sizeof(int));
        change.WriteTo(output);
    }
}

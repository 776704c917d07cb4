using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.EndToEnd.Tests;

/// <summary>An OpenTelemetry collector: takes spans by OTLP over gRPC (opentelemetry-proto 1.0) on loopback and keeps them.</summary>
internal sealed class TraceCollector : IAsyncDisposable
{
    private const int FrameHeadBytes = 5;

    private readonly WebApplication _app;

    private TraceCollector(WebApplication app) => _app = app;

    /// <summary>What was sent so far.</summary>
    public ConcurrentQueue<CollectedSpan> Spans { get; } = new();

    public static async Task<TraceCollector> StartAsync(int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        var collector = new TraceCollector(builder.Build());
        collector._app.UseRouting();
        collector._app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", collector.TakeAsync);
        await collector._app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        byte[] frame = body.ToArray();
        if (frame[0] != 0 || BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(1)) != frame.Length - FrameHeadBytes) throw new InvalidDataException("no plain gRPC message");
        foreach (ByteString resource in Fields(frame[FrameHeadBytes..], 1)) Take(resource.ToByteArray());
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[FrameHeadBytes], context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    // ResourceSpans: resource = 1, scope_spans = 2, and of those spans = 2.
    private void Take(byte[] resourceSpans)
    {
        string service = Attributes(Fields(resourceSpans, 1).Single().ToByteArray(), 1).GetValueOrDefault("service.name", "");
        foreach (ByteString span in Fields(resourceSpans, 2).SelectMany(scope => Fields(scope.ToByteArray(), 2))) Spans.Enqueue(Read(service, span.ToByteArray()));
    }

    private static CollectedSpan Read(string service, byte[] span) => new(
        service, Hex(span, 1), Hex(span, 2), Hex(span, 4), Fields(span, 5).Single().ToStringUtf8(), Number(span, 6), Attributes(span, 9));

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Fields(message, field).SingleOrDefault(ByteString.Empty).Span);

    // KeyValue: key = 1, value = 2; AnyValue: string_value = 1, int_value = 3.
    private static Dictionary<string, string> Attributes(byte[] message, int field) => Fields(message, field).Select(pair => pair.ToByteArray()).ToDictionary(
        pair => Fields(pair, 1).Single().ToStringUtf8(),
        pair => Fields(pair, 2).Single().ToByteArray() is var value && Fields(value, 1).ToList() is [var text] ? text.ToStringUtf8() : $"{Number(value, 3)}");

    private static IEnumerable<ByteString> Fields(byte[] message, int field)
    {
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (tag == WireFormat.MakeTag(field, WireFormat.WireType.LengthDelimited)) yield return input.ReadBytes();
            else input.SkipLastField();
        }
    }

    private static long Number(byte[] message, int field)
    {
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (tag == WireFormat.MakeTag(field, WireFormat.WireType.Varint)) return input.ReadInt64();
            input.SkipLastField();
        }

        return 0;
    }
}

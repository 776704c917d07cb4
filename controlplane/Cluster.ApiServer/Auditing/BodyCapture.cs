using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Api.Protobuf;
using Cluster.Api.Yaml;
using Cluster.ApiServer.Hosting;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Auditing;

/// <summary>Keeps what a request sends and what it is answered, for the log: up to the size a request may have.</summary>
internal sealed class BodyCapture
{
    private readonly HttpContext _context;
    private readonly ReadCopyStream _request;
    private readonly Stream? _answering;
    private readonly CopyingStream? _copy;

    // The copies are the streams of request and response from here on, and nobody's to dispose after them.
    private BodyCapture(HttpContext context, ReadCopyStream request, CopyingStream? copy)
    {
        (_context, _request, _copy) = (context, request, copy);
        context.Request.Body = request;
        if (copy is null)
            return;
        _answering = context.Response.Body;
        context.Response.Body = copy;
    }

    /// <summary>Begins. Of the request, what is read of it from here on is kept: one that is refused before has none.</summary>
    public static BodyCapture Start(HttpContext context, bool response) => new(
        context, new ReadCopyStream(context.Request.Body, ServerLimits.MaxRequestBodyBytes),
        response ? new CopyingStream(context.Response.Body, ServerLimits.MaxRequestBodyBytes) : null);

    public JsonNode? Request() => Read(_request.Copied);

    public JsonNode? Response() => Read(_copy?.Copied ?? default);

    /// <summary>The answer is whole: what its writer still holds goes out, and Kestrel's own stream is put back.</summary>
    public async ValueTask EndAsync()
    {
        if (_answering is null)
            return;
        await _context.Response.BodyWriter.FlushAsync();
        _context.Response.Body = _answering;
    }

    // Null for what is empty, cut off, or in no format of ours.
    private static JsonNode? Read(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
            return null;
        try
        {
            if (!Envelope.HasMagic(body.Span))
                return body.Span[0] is (byte)'{' or (byte)'[' ? Json(body.Span) : Json(YamlCodec.ToJson(Encoding.UTF8.GetString(body.Span))[0]);
            var content = Envelope.Open(body);
            return ResourceCatalog.FindKind(content.ApiVersion, content.Kind) is { } type ? JsonCodec.ToNode(Envelope.Decode(body, type.Descriptor)) : null;
        }
        catch (Exception e) when (e is JsonException or StatusException or InvalidProtocolBufferException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static JsonNode? Json(ReadOnlySpan<byte> text) => JsonTrees.Parse(text);
}

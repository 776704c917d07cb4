using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>Writes whole bodies: one object, or the parts of a list.</summary>
internal static class ObjectResponse
{
    // Below this the bytes saved are not worth the time, as Kubernetes found.
    private const int MinCompressedBytes = 128 * 1024;

    // Kestrel's pipe holds a writer back at 64 KiB; flushing there neither hoards nor makes a system call a part.
    private const int FlushBytes = 64 * 1024;

    public static Task WriteAsync(
        HttpContext context, ResponseFormat format, int code, EncodedMessage message, CancellationToken cancellationToken) =>
        WriteAsync(context, format, code, Shown(format, [format.IsProtobuf ? message.Protobuf : message.Json]), cancellationToken);

    /// <summary>The parts of a body as they are shown: people may have asked for indented JSON.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Shown(ResponseFormat format, IReadOnlyList<ReadOnlyMemory<byte>> parts) =>
        format is { Pretty: true, IsProtobuf: false } ? [Indent(parts)] : parts;

    /// <param name="context">The request; its response has not started.</param>
    /// <param name="format">The media type to announce.</param>
    /// <param name="code">HTTP status.</param>
    /// <param name="parts">The body; shared bytes are written from where they are.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public static async Task WriteAsync(
        HttpContext context,
        ResponseFormat format,
        int code,
        IReadOnlyList<ReadOnlyMemory<byte>> parts,
        CancellationToken cancellationToken)
    {
        var response = context.Response;
        response.StatusCode = code;
        // Every JSON text is YAML too.
        response.ContentType = format.MediaType;
        response.Headers.CacheControl = "no-cache, private";
        var length = parts.Sum(part => (long)part.Length);
        if (length >= MinCompressedBytes && AcceptsGzip(context.Request))
            await WriteCompressedAsync(response, parts, cancellationToken);
        else
            await WritePlainAsync(response, parts, length, cancellationToken);
    }

    private static async Task WritePlainAsync(
        HttpResponse response, IReadOnlyList<ReadOnlyMemory<byte>> parts, long length, CancellationToken cancellationToken)
    {
        response.ContentLength = length;
        var (pending, flushed) = (0, false);
        foreach (var part in parts)
        {
            response.BodyWriter.Write(part.Span);
            pending += part.Length;
            if (pending < FlushBytes)
                continue;

            // Waits while the client is slow: the rest stays where it is shared.
            await response.BodyWriter.FlushAsync(cancellationToken);
            (pending, flushed) = (0, true);
        }

        // The end of an HTTP/1.1 response sends what was written since the start of it, but not what came after a flush.
        if (flushed)
            await response.BodyWriter.FlushAsync(cancellationToken);
    }

    private static async Task WriteCompressedAsync(
        HttpResponse response, IReadOnlyList<ReadOnlyMemory<byte>> parts, CancellationToken cancellationToken)
    {
        response.Headers.ContentEncoding = "gzip";
        response.Headers.Vary = "Accept-Encoding";
        await using var gzip = new GZipStream(response.Body, CompressionLevel.Fastest);
        foreach (var part in parts)
            await gzip.WriteAsync(part, cancellationToken);
    }

    private static bool AcceptsGzip(HttpRequest request) =>
        MediaType.ParseList(request.Headers.AcceptEncoding.ToString()).Any(encoding => encoding is { Name: "gzip", Quality: > 0 });

    private static byte[] Indent(IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        byte[] compact = [.. parts.SelectMany(part => part.ToArray())];
        using var document = JsonDocument.Parse(compact, new JsonDocumentOptions { MaxDepth = 512 });
        using var output = new MemoryStream(compact.Length * 2);
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions
        {
            Indented = true, MaxDepth = 512, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }))
        {
            document.WriteTo(writer);
        }

        return output.ToArray();
    }
}

using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Cluster.ApiServer.Discovery;

/// <summary>A document that is made once and asked for often: its bytes, their gzip form and their hash. Immutable.</summary>
internal sealed class CachedDocument
{
    /// <summary>Kubernetes compresses from this size on; below it the work outweighs the bytes.</summary>
    private const int CompressFromBytes = 128 * 1024;

    private readonly byte[] _bytes;
    private readonly byte[]? _compressed;
    private readonly string _contentType;

    public CachedDocument(byte[] bytes, string contentType)
    {
        (_bytes, _contentType) = (bytes, contentType);
        Hash = Convert.ToHexString(SHA256.HashData(bytes));
        if (bytes.Length >= CompressFromBytes)
            _compressed = Compress(bytes);
    }

    /// <summary>Of the bytes, in hexadecimal: the ETag.</summary>
    public string Hash { get; }

    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Answers with the document, or 304 to a client that has it.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ETag = $"\"{Hash}\"";
        headers.Vary = "Accept, Accept-Encoding";
        if (context.Request.Headers.IfNoneMatch.ToString().Contains(Hash, StringComparison.Ordinal))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var body = _bytes;
        if (_compressed is not null && context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            body = _compressed;
            headers.ContentEncoding = "gzip";
        }

        headers[HeaderNames.ContentType] = _contentType;
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return output.ToArray();
    }
}

using System.Buffers;
using System.Text;
using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.Protobuf;
using Cluster.Api.Yaml;
using Cluster.ApiServer.Registry;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Rest;

/// <summary>Reads bodies: bounded, and as whatever their Content-Type says.</summary>
internal static class RequestBody
{
    /// <summary>Kubernetes' limit of a body: two and a half of etcd's largest request, rounded up.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    /// <summary>The whole body.</summary>
    /// <exception cref="StatusException">413; 400: its chunks are none.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAllAsync(request, cancellationToken);
        }
        catch (IOException error) when (error is not BadHttpRequestException)
        {
            // A chunk whose size overflows, or a client that is gone and hears nothing of it.
            throw StatusErrors.BadRequest(error.Message);
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ReadAllAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes)
            throw StatusErrors.RequestEntityTooLarge(MaxBytes);

        var reader = request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            if (result.Buffer.Length > MaxBytes)
                throw StatusErrors.RequestEntityTooLarge(MaxBytes);

            if (result.IsCompleted)
            {
                var body = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return body;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>An object of a type.</summary>
    /// <exception cref="StatusException">400: malformed or another kind; 415: a media type we do not read.</exception>
    public static IMessage Decode(
        ReadOnlyMemory<byte> body, string? contentType, MessageDescriptor type, FieldValidation validation, List<string> warnings)
    {
        switch (MediaTypeOf(contentType))
        {
            case MediaType.Json:
                return JsonCodec.Decode(body.Span, type, validation, warnings);
            case MediaType.Yaml:
                return JsonCodec.Decode(FirstDocument(body), type, validation, warnings);
            case MediaType.Protobuf:
                return DecodeProtobuf(body, type);
            default:
                throw StatusErrors.UnsupportedMediaType(MediaType.Supported);
        }
    }

    /// <summary>An object of an added kind.</summary>
    /// <exception cref="StatusException">400: malformed or another kind; 415: a media type we do not read.</exception>
    public static CustomObject DecodeCustom(ReadOnlyMemory<byte> body, string? contentType, RequestScope scope) => MediaTypeOf(contentType) switch
    {
        MediaType.Json => CustomDecoder.Decode(body.Span, scope.Resource, scope.FieldValidation, scope.Warnings),
        MediaType.Yaml => CustomDecoder.Decode(FirstDocument(body), scope.Resource, scope.FieldValidation, scope.Warnings),
        _ => throw StatusErrors.UnsupportedMediaType(MediaType.SupportedOfCustom),
    };

    public static string MediaTypeOf(string? contentType) =>
        string.IsNullOrEmpty(contentType) ? MediaType.Json : MediaType.Parse(contentType).Name;

    private static byte[] FirstDocument(ReadOnlyMemory<byte> body)
    {
        var documents = YamlCodec.ToJson(Encoding.UTF8.GetString(body.Span));
        return documents.Count > 0 ? documents[0] : "null"u8.ToArray();
    }

    private static IMessage DecodeProtobuf(ReadOnlyMemory<byte> body, MessageDescriptor type)
    {
        var content = Envelope.Open(body);
        // Options (DeleteOptions) belong to meta/v1 and travel under the group of what they are about.
        if (!type.File.Package.StartsWith("k8s.io.apimachinery.", StringComparison.Ordinal) && ApiKinds.Of(type) is { } expected)
            CheckKind(content, expected.ApiVersion, expected.Kind);
        return Envelope.Decode(body, type);
    }

    private static void CheckKind(EnvelopeContent content, string apiVersion, string kind)
    {
        if (content.ApiVersion.Length > 0 && content.ApiVersion != apiVersion)
        {
            throw StatusErrors.BadRequest(
                $"the API version in the data ({content.ApiVersion}) does not match the expected API version ({apiVersion})");
        }

        if (content.Kind.Length > 0 && content.Kind != kind)
        {
            throw StatusErrors.BadRequest(
                $"{content.Kind} in version {GoText.Quote(content.ApiVersion)} cannot be handled as a {kind}");
        }
    }
}

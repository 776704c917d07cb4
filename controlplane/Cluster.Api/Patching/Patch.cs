using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Patching;

/// <summary>Applies the three kinds of patches to the JSON of an object.</summary>
public static class Patch
{
    private const int UnprocessableEntity = 422;

    /// <summary>The object after the patch.</summary>
    /// <param name="current">The object before; it is used up, and must not be used after.</param>
    /// <param name="mediaType">One of <see cref="PatchMediaTypes"/>, without parameters.</param>
    /// <param name="patch">The body of the request.</param>
    /// <param name="type">The object's message: its options say how a strategic patch treats each field.</param>
    /// <exception cref="StatusException">400, 413, 415 or 422.</exception>
    public static JsonNode Apply(JsonNode current, string mediaType, ReadOnlyMemory<byte> patch, MessageDescriptor type)
    {
        try
        {
            return mediaType switch
            {
                PatchMediaTypes.Json => JsonPatch.Apply(current, Parse(patch, error => error)),
                PatchMediaTypes.Merge => MergePatch.Apply(current, Parse(patch, _ => MergePatch.BadPatch)),
                PatchMediaTypes.Strategic => StrategicPatch.Apply(current, Parse(patch, error => error), type),
                _ => throw StatusErrors.UnsupportedMediaType(PatchMediaTypes.All),
            };
        }
        catch (PatchException error)
        {
            throw Refusal(error);
        }
    }

    /// <summary>The patched object as a message. What the patch made of it may be no object of its kind: that is 422, not 400.</summary>
    /// <param name="patched">From <see cref="Apply"/>.</param>
    /// <param name="type">The object's message.</param>
    /// <param name="mode">What becomes of fields the kind does not have.</param>
    /// <param name="warnings">Gets them when the mode is <see cref="FieldValidation.Warn"/>.</param>
    /// <param name="mediaType">That of the patch: the answer shows a strategic patch itself, and what came out of the others.</param>
    /// <param name="patch">The body of the request.</param>
    /// <exception cref="StatusException">422, in Kubernetes' words.</exception>
    public static IMessage Decode(
        JsonNode patched, MessageDescriptor type, FieldValidation mode, List<string>? warnings, string mediaType, ReadOnlyMemory<byte> patch)
    {
        try
        {
            return JsonCodec.Read(patched, type, mode, warnings);
        }
        catch (Exception error) when (error is JsonDecodeException or StatusException { Code: PatchException.Malformed })
        {
            var isStrategic = mediaType == PatchMediaTypes.Strategic;
            var shown = isStrategic ? JsonScalars.GoPrint(JsonTrees.Parse(patch.Span)) : patched.ToJsonString();
            throw StatusErrors.Invalid("", "", "", [new FieldError(FieldErrorType.Invalid, "patch", shown, error.Message)]);
        }
    }

    private static JsonNode? Parse(ReadOnlyMemory<byte> patch, Func<string, string> explain)
    {
        if (GoJsonSyntax.Error(patch.Span) is { } error)
            throw new PatchException(explain(error), PatchException.Malformed);
        try
        {
            return JsonTrees.Parse(patch.Span);
        }
        catch (JsonException)
        {
            throw new PatchException(explain("exceeded max depth"), PatchException.Malformed);
        }
    }

    private static StatusException Refusal(PatchException error) => error.Code switch
    {
        PatchException.Malformed => StatusErrors.BadRequest(error.Message),
        PatchException.DoesNotFit => new StatusException(new Status
        {
            Metadata = new ListMeta(),
            Status_ = "Failure",
            Message = "the server rejected our request due to an error in our request",
            Reason = "Invalid",
            Details = new StatusDetails(),
            Code = UnprocessableEntity,
        }),
        // Kubernetes has no reason for these, and answers 500. They are mistakes of the patch all the same.
        _ => StatusErrors.BadRequest(error.Message),
    };
}

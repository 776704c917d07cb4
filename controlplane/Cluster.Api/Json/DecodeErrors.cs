using System.Text;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Json;

/// <summary>The 400 answers for bodies that are no object of the kind asked for, in Kubernetes' words.</summary>
internal static class DecodeErrors
{
    /// <summary>So much of the body is shown.</summary>
    private const int SummaryLength = 30;

    /// <summary>The body says what it is, or the path does, and it is not a good one.</summary>
    public static StatusException CannotHandle(string apiVersion, string kind, MessageDescriptor type, string why, ReadOnlySpan<byte> body)
    {
        if (kind.Length == 0)
            return Unrecognized(type.Name, why, body);
        var version = apiVersion[(apiVersion.LastIndexOf('/') + 1)..];
        return StatusErrors.BadRequest($"{kind} in version \"{version}\" cannot be handled as a {type.Name}: {why}");
    }

    /// <summary>The body is not even JSON, so that it says nothing of its kind.</summary>
    private static StatusException Unrecognized(string kind, string why, ReadOnlySpan<byte> body) =>
        StatusErrors.BadRequest($"the object provided is unrecognized (must be of type {kind}): {why} ({Summary(body)})");

    /// <summary>apiVersion and kind could not be read.</summary>
    public static StatusException NoTypeMeta(MessageDescriptor type, string why, ReadOnlySpan<byte> body) => NoTypeMeta(type.Name, why, body);

    /// <inheritdoc cref="NoTypeMeta(MessageDescriptor, string, ReadOnlySpan{byte})"/>
    public static StatusException NoTypeMeta(string kind, string why, ReadOnlySpan<byte> body) =>
        Unrecognized(kind, "couldn't get version/kind; json parse error: " + why, body);

    public static StatusException WrongVersion(string found, string expected) =>
        StatusErrors.BadRequest($"the API version in the data ({found}) does not match the expected API version ({expected})");

    private static string Summary(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
            return "<empty>";
        var shown = body[..Math.Min(body.Length, SummaryLength)];
        var text = body[0] == '{' ? Encoding.UTF8.GetString(shown) : Convert.ToHexStringLower(shown);
        return body.Length > SummaryLength ? text + " ..." : text;
    }
}

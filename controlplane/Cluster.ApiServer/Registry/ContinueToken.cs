using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cluster.Api;

namespace Cluster.ApiServer.Registry;

/// <summary>Where the next page of a list begins: opaque to clients, base64url JSON inside.</summary>
/// <param name="Revision">The revision the whole list is read at; -1: as of now, after the list's own revision was compacted.</param>
/// <param name="AfterKey">The last key of the page before, without the resource's prefix.</param>
internal sealed record ContinueToken(
    [property: JsonPropertyName("rv")] long Revision,
    [property: JsonPropertyName("start")] string AfterKey)
{
    public const long Inconsistent = -1;

    private const string Form = "meta.k8s.io/v1";

    [JsonPropertyName("v")]
    public string Version { get; init; } = Form;

    public string Encode() => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this));

    /// <exception cref="StatusException">400: the token is none of ours.</exception>
    public static ContinueToken Decode(string text)
    {
        try
        {
            var token = JsonSerializer.Deserialize<ContinueToken>(Base64Url.DecodeFromChars(text));
            if (token is { Version: Form, AfterKey.Length: > 0, Revision: > 0 or Inconsistent })
                return token;
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            throw new StatusException(Refusal(exception.Message).Status, exception);
        }

        throw Refusal("not a token of this server");
    }

    private static StatusException Refusal(string why) => StatusErrors.BadRequest($"invalid continue token: continue key is not valid: {why}");
}

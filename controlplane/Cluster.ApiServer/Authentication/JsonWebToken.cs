using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Authentication;

/// <summary>The compact form of signed JSON (RFC 7515): three base64url parts joined by dots.</summary>
internal static class JsonWebToken
{
    public static string Sign(JsonObject claims, SigningKey key)
    {
        var header = new JsonObject { ["alg"] = key.Algorithm, ["kid"] = key.KeyId };
        var content = $"{Encode(header)}.{Encode(claims)}";
        return $"{content}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(content)))}";
    }

    /// <summary>The claims of a token that the key has signed; null for anything else.</summary>
    /// <remarks>The algorithm is the key's, whatever the header asks for: a token cannot choose how it is checked.</remarks>
    public static JsonElement? Verify(string token, SigningKey key)
    {
        var parts = token.Split('.');
        if (parts.Length != 3)
            return null;
        try
        {
            var header = Decode(parts[0]);
            // A key that is not meant is not asked: a forged token costs one check at most, and that on a key it names.
            if (header.TryGetProperty("kid", out var kid) && kid.GetString() != key.KeyId)
                return null;
            var content = Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}");
            return header.GetProperty("alg").GetString() == key.Algorithm && key.Verify(content, Base64Url.DecodeFromChars(parts[2]))
                ? Decode(parts[1])
                : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static JsonElement Decode(string part) => JsonElement.Parse(Base64Url.DecodeFromChars(part));
}

using System.Text.Json;

namespace Cluster.ApiServer.Authentication;

/// <summary>The object a token is bound to: the token ends with it.</summary>
/// <param name="Kind"><c>Pod</c>, <c>Secret</c> or <c>Node</c>.</param>
/// <param name="Name">Its name, in the service account's namespace.</param>
/// <param name="Uid">Its uid.</param>
public sealed record BoundObject(string Kind, string Name, string Uid)
{
    internal static BoundObject? FromClaims(JsonElement account)
    {
        foreach (var kind in (string[])["Pod", "Secret"])
        {
            if (account.TryGetProperty(kind.ToLowerInvariant(), out var bound))
                return new BoundObject(kind, bound.GetProperty("name").GetString()!, bound.GetProperty("uid").GetString()!);
        }

        return null;
    }
}

using System.Text.Json;

namespace Cluster.ApiServer.Authentication;

/// <summary>The object a token is bound to: the token ends with it.</summary>
/// <param name="Kind"><c>Pod</c>, <c>Secret</c> or <c>Node</c>.</param>
/// <param name="Name">Its name; of a pod or secret, in the service account's namespace.</param>
/// <param name="Uid">Its uid.</param>
public sealed record BoundObject(string Kind, string Name, string Uid)
{
    internal static BoundObject? FromClaims(JsonElement account)
    {
        // A pod's token tells its node too.
        foreach (var kind in (string[])["Pod", "Secret", "Node"])
        {
            if (account.TryGetProperty(kind.ToLowerInvariant(), out var bound))
                return new BoundObject(kind, bound.GetProperty("name").GetString()!, bound.GetProperty("uid").GetString()!);
        }

        return null;
    }
}

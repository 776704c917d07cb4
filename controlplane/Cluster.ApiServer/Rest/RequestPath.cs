namespace Cluster.ApiServer.Rest;

/// <summary>A resource path of the API, taken apart: <c>/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUBRESOURCE</c>.</summary>
/// <param name="Group">Empty for <c>/api</c>.</param>
/// <param name="Version">Such as <c>v1</c>.</param>
/// <param name="Namespace">Null outside namespaces. Of a namespace itself: its name, as authorization wants it.</param>
/// <param name="Resource">The plural.</param>
/// <param name="Name">Null for a collection.</param>
/// <param name="Subresource">With what follows it, such as a proxied path; null for the object.</param>
/// <param name="LegacyWatch">The path held the old <c>/watch/</c> segment.</param>
public sealed record RequestPath(
    string Group, string Version, string? Namespace, string Resource, string? Name, string? Subresource, bool LegacyWatch)
{
    /// <summary>The subresource without what follows it: what authorization and metrics know it by. Null for the object.</summary>
    public string? SubresourceName => Subresource?.Split('/', 2)[0];

    /// <summary>Takes a path apart; null if it is not that of a resource (discovery, health, ...).</summary>
    public static RequestPath? Parse(string path)
    {
        var parts = path.Trim('/').Split('/');
        if (parts is ["api", _, _, ..])
            return Resources("", parts[1], parts.AsSpan(2));

        return parts is ["apis", _, _, _, ..] ? Resources(parts[1], parts[2], parts.AsSpan(3)) : null;
    }

    /// <summary>
    /// The verb authorization knows: get, list, watch, create, update, patch, delete, deletecollection; the method itself if none.
    /// </summary>
    public string Verb(string method, bool watch) => method switch
    {
        "GET" or "HEAD" when LegacyWatch || (watch && Subresource is null) => "watch",
        "GET" or "HEAD" => Name is null ? "list" : "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => Name is null ? "deletecollection" : "delete",
        _ => method.ToLowerInvariant(),
    };

    private static RequestPath? Resources(string group, string version, ReadOnlySpan<string> parts)
    {
        var legacyWatch = parts is ["watch", _, ..];
        if (legacyWatch)
            parts = parts[1..];

        string? ns = null;
        if (parts is ["namespaces", var named, ..])
        {
            ns = named;
            // namespaces/NS/status and namespaces/NS/finalize are parts of the namespace; all else below it is a collection in it.
            if (parts.Length > 2 && parts[2] is not ("status" or "finalize"))
                parts = parts[2..];
        }

        return new RequestPath(
            group,
            version,
            ns,
            parts[0],
            parts.Length > 1 ? parts[1] : null,
            parts.Length > 2 ? string.Join('/', parts[2..].ToArray()) : null,
            legacyWatch);
    }
}

using System.Globalization;
using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>A place in a document: the container and the key or index in it (RFC 6901).</summary>
internal readonly struct JsonPointer
{
    private readonly JsonNode container;
    private readonly string key;

    private JsonPointer(JsonNode container, string key)
    {
        this.container = container;
        this.key = key;
    }

    /// <exception cref="PatchException">The container is not there.</exception>
    public static JsonPointer Find(JsonNode document, string path)
    {
        var parts = path.Split('/');
        if (parts.Length < 2)
            throw Missing(path);
        var container = document;
        foreach (var part in parts.AsSpan(1, parts.Length - 2))
            container = new JsonPointer(container, Unescape(part)).Get() ?? throw Missing(path);
        return container is JsonObject or JsonArray ? new JsonPointer(container, Unescape(parts[^1])) : throw Missing(path);
    }

    /// <summary>The value; null for a JSON null and for a key an object does not have.</summary>
    public JsonNode? Get() => container switch
    {
        JsonObject members => members[key],
        JsonArray list => list[Index(list.Count, list.Count)],
        _ => throw Missing(key),
    };

    public void Add(JsonNode? value)
    {
        if (container is JsonObject members)
            members[key] = value;
        else if (container is JsonArray list && key == "-")
            list.Add(value);
        else if (container is JsonArray target)
            target.Insert(Index(target.Count + 1, target.Count + 1), value);
    }

    /// <summary>As Kubernetes does it: a key that an object does not have is made.</summary>
    public void Replace(JsonNode? value)
    {
        if (container is JsonObject members)
            members[key] = value;
        else if (container is JsonArray list)
            list[Index(list.Count, list.Count)] = value;
    }

    public JsonNode? Remove()
    {
        var value = Get();
        if (container is JsonArray list)
            list.RemoveAt(Index(list.Count, list.Count));
        else if (!((JsonObject)container).Remove(key))
            throw Missing(key);
        return value;
    }

    // Negative indices count from the end, as Kubernetes' library has them.
    private int Index(int limit, int fromEnd)
    {
        var isNumber = int.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index);
        if (!isNumber || index >= limit || index < -fromEnd)
            throw new PatchException($"Unable to access invalid index: {key}", PatchException.DoesNotFit);
        return index < 0 ? index + fromEnd : index;
    }

    private static string Unescape(string part) =>
        part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private static PatchException Missing(string path) => new($"doc is missing path: {path}", PatchException.DoesNotFit);
}

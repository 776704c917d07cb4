using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Auditing;

/// <summary>One object of a policy, read strictly: a rule whose condition is misspelt would match everything.</summary>
internal readonly struct PolicyFields
{
    private readonly JsonObject _json;
    private readonly string _path;

    private PolicyFields(JsonObject json, string path) => (_json, _path) = (json, path);

    /// <param name="json">The object.</param>
    /// <param name="path">Where it stands, as <c>rules[0]</c>; empty: it is the policy.</param>
    /// <param name="known">The fields there are.</param>
    /// <exception cref="InvalidDataException">It is no object, or has another field.</exception>
    public static PolicyFields Of(JsonNode? json, string path, params ReadOnlySpan<string> known)
    {
        if (json is not JsonObject members)
            throw new InvalidDataException($"{path}: an object is meant");
        var fields = new PolicyFields(members, path);
        foreach (var (name, _) in members)
        {
            if (!known.Contains(name))
                throw fields.Wrong(name, $"there is no such field: {string.Join(", ", known!)} are known");
        }

        return fields;
    }

    public string Text(string field) => _json[field] is null ? "" : TextOf(_json[field]) ?? throw Wrong(field, "a string is meant");

    /// <summary>Null: it is not there.</summary>
    public bool? Flag(string field) => _json[field]?.GetValueKind() switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(field, "true or false is meant"),
    };

    public IReadOnlyList<string> Texts(string field)
    {
        var texts = new List<string>();
        foreach (var item in Items(field))
            texts.Add(TextOf(item) ?? throw Wrong(field, "a list of strings is meant"));
        return texts;
    }

    /// <summary>Texts of a closed set.</summary>
    public IReadOnlySet<string> Texts(string field, params ReadOnlySpan<string> known)
    {
        var texts = Texts(field).ToHashSet();
        foreach (var text in texts)
        {
            if (!known.Contains(text))
                throw Wrong(field, $"\"{text}\" is not known: {string.Join(", ", known!)} are");
        }

        return texts;
    }

    /// <summary>The objects of a list.</summary>
    public IReadOnlyList<PolicyFields> Objects(string field, params ReadOnlySpan<string> known)
    {
        var objects = new List<PolicyFields>();
        foreach (var item in Items(field))
            objects.Add(Of(item, $"{PathOf(field)}[{objects.Count}]", known));
        return objects;
    }

    public InvalidDataException Wrong(string field, string what) => new($"{PathOf(field)}: {what}");

    private string PathOf(string field) => _path.Length == 0 ? field : $"{_path}.{field}";

    private JsonArray Items(string field) => _json[field] switch
    {
        null => [],
        JsonArray list => list,
        _ => throw Wrong(field, "a list is meant"),
    };

    private static string? TextOf(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;
}

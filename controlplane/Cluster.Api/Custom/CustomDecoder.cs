using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Custom.Schemas;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Custom;

/// <summary>Objects of added kinds as clients send them: held to the kind, pruned, and without nulls that mean nothing.</summary>
public static class CustomDecoder
{
    private const int MostProblems = 100;

    /// <summary>Reads an object.</summary>
    /// <param name="utf8">One JSON value.</param>
    /// <param name="type">The version the client speaks.</param>
    /// <param name="mode">What becomes of unknown and duplicate fields.</param>
    /// <param name="warnings">Gets their descriptions when <paramref name="mode"/> is <see cref="FieldValidation.Warn"/>.</param>
    /// <exception cref="StatusException">400, in Kubernetes' words.</exception>
    public static CustomObject Decode(ReadOnlySpan<byte> utf8, ResourceType type, FieldValidation mode, List<string>? warnings)
    {
        var tree = Parse(utf8, type);
        var problems = new List<string>();
        if (mode != FieldValidation.Ignore && JsonDuplicates.Find(utf8) is { } duplicate)
            problems.Add($"duplicate field {GoText.Quote(duplicate)}");
        return Decode(tree, type, mode, warnings, problems);
    }

    /// <summary>As the other, of a tree.</summary>
    /// <param name="tree">Used up.</param>
    /// <param name="type">The version the client speaks.</param>
    /// <param name="mode">What becomes of unknown fields.</param>
    /// <param name="warnings">Gets their descriptions when <paramref name="mode"/> is <see cref="FieldValidation.Warn"/>.</param>
    public static CustomObject Decode(JsonObject tree, ResourceType type, FieldValidation mode, List<string>? warnings) =>
        Decode(tree, type, mode, warnings, []);

    private static CustomObject Decode(JsonObject tree, ResourceType type, FieldValidation mode, List<string>? warnings, List<string> problems)
    {
        CheckKind(tree, type);
        try
        {
            var metadata = ReadMetadata(tree["metadata"], mode, problems);
            var unknown = mode == FieldValidation.Ignore ? null : new List<string>();
            SchemaPruning.Prune(tree, type.Custom!.Schema, unknown);
            problems.AddRange(unknown?.Select(path => $"unknown field {GoText.Quote(path)}") ?? []);
            SchemaDefaults.DropNulls(tree, type.Custom.Schema);
            Tell(problems, mode, warnings);
            var obj = new CustomObject { Metadata = metadata };
            CustomJson.SetContent(obj, tree);
            return obj;
        }
        catch (JsonDecodeException error)
        {
            throw StatusErrors.BadRequest(
                $"{type.Kind} in version {GoText.Quote(type.Version)} cannot be handled as a {type.Kind}: {error.Message}");
        }
    }

    private static JsonObject Parse(ReadOnlySpan<byte> utf8, ResourceType type)
    {
        if (GoJsonSyntax.Error(utf8) is { } error)
            throw DecodeErrors.NoTypeMeta(type.Kind, error, utf8);
        try
        {
            return JsonTrees.Parse(utf8) as JsonObject
                ?? throw DecodeErrors.NoTypeMeta(type.Kind, "json: cannot unmarshal value into Go value of type map[string]interface {}", utf8);
        }
        catch (JsonException)
        {
            throw StatusErrors.BadRequest("exceeded max depth");
        }
    }

    private static void CheckKind(JsonObject tree, ResourceType type)
    {
        var (apiVersion, kind) = (Text(tree, "apiVersion"), Text(tree, "kind"));
        if (kind.Length == 0)
            throw StatusErrors.BadRequest($"Object 'Kind' is missing in the body: it must be {type.Kind}");
        if (apiVersion.Length == 0)
            throw StatusErrors.BadRequest($"Object 'apiVersion' is missing in the body: it must be {type.ApiVersion}");
        if (kind != type.Kind)
        {
            throw StatusErrors.BadRequest(
                $"{kind} in version {GoText.Quote(apiVersion[(apiVersion.LastIndexOf('/') + 1)..])} cannot be handled as a {type.Kind}: "
                + $"no kind {GoText.Quote(kind)} is served here");
        }

        if (apiVersion != type.ApiVersion)
            throw DecodeErrors.WrongVersion(apiVersion, type.ApiVersion);
    }

    private static string Text(JsonObject tree, string name) =>
        tree[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";

    // The metadata's reader names fields from its own root.
    private static ObjectMeta ReadMetadata(JsonNode? tree, FieldValidation mode, List<string> problems)
    {
        if (tree is null)
            return new ObjectMeta();
        List<string> found = [];
        var metadata = (ObjectMeta)JsonCodec.Read(
            tree, ObjectMeta.Descriptor, mode == FieldValidation.Ignore ? FieldValidation.Ignore : FieldValidation.Warn, found);
        problems.AddRange(found.Select(problem => problem.Replace(" field \"", " field \"metadata.", StringComparison.Ordinal)));
        return metadata;
    }

    private static void Tell(List<string> problems, FieldValidation mode, List<string>? warnings)
    {
        if (problems.Count == 0)
            return;
        var told = problems.Take(MostProblems).ToList();
        if (mode == FieldValidation.Strict)
            throw new JsonDecodeException("strict decoding error: " + string.Join(", ", told));
        if (mode == FieldValidation.Warn)
            warnings?.AddRange(told);
    }
}

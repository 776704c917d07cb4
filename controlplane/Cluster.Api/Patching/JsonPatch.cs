using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>RFC 6902: operations one after another, all or nothing.</summary>
internal static class JsonPatch
{
    private const int MostOperations = 10_000;

    /// <summary>What all copy operations together may add: as much as a request may hold.</summary>
    private const long MostCopiedBytes = 3 << 20;

    public static JsonNode Apply(JsonNode document, JsonNode? patch)
    {
        if (patch is null)
            return document;
        if (patch is not JsonArray operations)
            throw PatchException.Unreadable(patch, "jsonpatch.Patch");
        if (operations.Count > MostOperations)
            throw TooMany(operations.Count);
        var copied = 0L;
        foreach (var operation in operations)
        {
            if (operation is not JsonObject fields)
                throw PatchException.Unreadable(operation, "jsonpatch.Operation");
            document = Apply(document, fields, ref copied);
        }

        return document;
    }

    private static JsonNode Apply(JsonNode document, JsonObject operation, ref long copied)
    {
        var path = Text(operation, "path");
        switch (Text(operation, "op"))
        {
            case "add":
                JsonPointer.Find(document, path).Add(Value(operation));
                return document;
            case "remove":
                JsonPointer.Find(document, path).Remove();
                return document;
            case "replace" when path.Length == 0:
                return Value(operation) is JsonNode whole and (JsonObject or JsonArray)
                    ? whole
                    : throw Refused("replace operation value must be object or array");
            case "replace":
                JsonPointer.Find(document, path).Replace(Value(operation));
                return document;
            case "move":
                var moved = JsonPointer.Find(document, Text(operation, "from")).Remove();
                JsonPointer.Find(document, path).Add(moved);
                return document;
            case "copy":
                var copy = JsonPointer.Find(document, Text(operation, "from")).Get()?.DeepClone();
                copied += copy?.ToJsonString().Length ?? 0;
                if (copied > MostCopiedBytes)
                    throw Refused("accumulated size of copies is too large");
                JsonPointer.Find(document, path).Add(copy);
                return document;
            case "test":
                var found = path.Length == 0 ? document : JsonPointer.Find(document, path).Get();
                return JsonNode.DeepEquals(found, operation["value"]) ? document : throw Refused($"testing value {path} failed");
            case var unknown:
                throw Refused($"Unexpected kind: {unknown}");
        }
    }

    private static JsonNode? Value(JsonObject operation) => operation["value"]?.DeepClone();

    private static string Text(JsonObject operation, string name) =>
        operation[name] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>()
        : throw Refused($"operation missing {name} field");

    private static PatchException Refused(string why) => new(why, PatchException.DoesNotFit);

    private static StatusException TooMany(int count)
    {
        var error = StatusErrors.RequestEntityTooLarge(MostOperations);
        error.Status.Message =
            $"Request entity too large: The allowed maximum operations in a JSON patch is {MostOperations}, got {count}";
        return error;
    }
}

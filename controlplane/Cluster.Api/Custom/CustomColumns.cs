using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom.Paths;
using Cluster.Api.Tables;

namespace Cluster.Api.Custom;

/// <summary>The columns that a definition asks for.</summary>
internal static class CustomColumns
{
    private const string Created = ".metadata.creationTimestamp";

    private static readonly CustomResourceColumnDefinition Age =
        new() { Name = "Age", Type = "date", JsonPath = Created, Description = "How long ago the object was created." };

    /// <summary>The table of a version; of one without columns of its own, with the age.</summary>
    public static TableColumns Make(IReadOnlyList<CustomResourceColumnDefinition> declared)
    {
        var columns = (declared.Count == 0 ? [Age] : declared).Select(column => (Declared: column, Path: JsonPath.Parse(column.JsonPath))).ToArray();
        return new TableColumns(
            [
                new TableColumn("Name", "string", "name", "The object's name, unique in its namespace.", 0),
                .. columns.Select(column => Column(column.Declared)),
            ],
            (obj, now) =>
            {
                var custom = (CustomObject)obj;
                var tree = Tree(custom, columns.Any(column => column.Path.Text.Contains("metadata", StringComparison.Ordinal)));
                return [custom.Metadata?.Name ?? "", .. columns.Select(column => Cell(column.Declared.Type, column.Path.Find(tree), now))];
            });
    }

    private static TableColumn Column(CustomResourceColumnDefinition column) => new(
        column.Name, column.Type, column.Format,
        column.Description.Length > 0 ? column.Description : $"Custom resource definition column (in JSONPath format): {column.JsonPath}",
        column.Priority);

    private static JsonObject Tree(CustomObject obj, bool withMetadata)
    {
        var tree = CustomJson.Content(obj);
        if (withMetadata && obj.Metadata is not null)
            tree["metadata"] = CustomJson.MetadataTree(obj.Metadata);
        return tree;
    }

    private static object? Cell(string type, IReadOnlyList<JsonNode?> found, DateTimeOffset now)
    {
        if (found.Count == 0 || found[0] is not { } value)
            return null;
        var kind = value.GetValueKind();
        return type switch
        {
            "integer" when kind == JsonValueKind.Number => (long)Number(value),
            "number" when kind == JsonValueKind.Number => Number(value),
            "boolean" when kind is JsonValueKind.True or JsonValueKind.False => kind == JsonValueKind.True,
            "string" => kind == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString(),
            "date" when kind == JsonValueKind.String => Since(value.GetValue<string>(), now),
            _ => null,
        };
    }

    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    private static string Since(string text, DateTimeOffset now) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? AgeText.Since(time.ToTime(), now) : "<invalid>";
}

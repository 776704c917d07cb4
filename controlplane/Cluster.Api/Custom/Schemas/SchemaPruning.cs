using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Schemas;

/// <summary>Takes out of a tree what its schema does not name.</summary>
public static class SchemaPruning
{
    /// <summary>Prunes an object of the API: apiVersion, kind and metadata stay.</summary>
    /// <param name="root">Changed in place.</param>
    /// <param name="schema">The schema of the whole object.</param>
    /// <param name="pruned">Gets the paths of what is taken out; null: nobody asks.</param>
    public static void Prune(JsonObject root, CustomSchema schema, List<string>? pruned) =>
        new Walker(pruned).Members(root, schema, schema.KeepsUnknown, isEmbedded: true, "", isRoot: true);

    private readonly struct Walker(List<string>? pruned)
    {
        // What keeps unknown fields keeps them in the items of its lists too, however deep; a property below starts anew.
        private void Value(JsonNode? value, CustomSchema? schema, bool keeps, string path)
        {
            keeps |= schema is { KeepsUnknown: true };
            if (keeps && schema is null)
                return;
            if (value is JsonObject members)
                Members(members, schema, keeps, schema?.IsEmbedded ?? false, path);
            else if (value is JsonArray list)
                Items(list, schema?.Items, keeps, path);
        }

        public void Members(JsonObject members, CustomSchema? schema, bool keeps, bool isEmbedded, string path, bool isRoot = false)
        {
            List<string>? unknown = null;
            foreach (var (name, value) in members)
            {
                if (isEmbedded && name is ("apiVersion" or "kind" or "metadata"))
                {
                    if (!isRoot && name == "metadata" && value is JsonObject metadata)
                        Remove(metadata, EmbeddedObjects.UnknownOf(metadata), Join(path, name));
                    continue;
                }

                if (schema is not null && schema.Properties.TryGetValue(name, out var property))
                    Value(value, property, false, Join(path, name));
                else if (schema is { AllowsOthers: true })
                    Value(value, schema.Others, false, Join(path, name));
                else if (!keeps)
                    (unknown ??= []).Add(name);
            }

            Remove(members, unknown ?? [], path);
        }

        private void Remove(JsonObject members, IReadOnlyList<string> names, string path)
        {
            foreach (var name in names)
            {
                members.Remove(name);
                pruned?.Add(Join(path, name));
            }
        }

        private void Items(JsonArray list, CustomSchema? schema, bool keeps, string path)
        {
            for (var index = 0; index < list.Count; index++)
                Value(list[index], schema, keeps, pruned is null ? "" : SchemaPaths.Item(path, index));
        }

        private string Join(string path, string name) => pruned is null ? "" : SchemaPaths.Child(path, name);
    }
}

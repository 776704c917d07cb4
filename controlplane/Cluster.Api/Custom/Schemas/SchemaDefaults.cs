using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Schemas;

/// <summary>Fills in what a schema gives for fields that are left out.</summary>
public static class SchemaDefaults
{
    /// <summary>Takes out nulls of fields that may not be null and have no default: they count as left out.</summary>
    /// <param name="value">Changed in place.</param>
    /// <param name="schema">Of the value.</param>
    public static void DropNulls(JsonNode? value, CustomSchema? schema)
    {
        if (schema is null)
            return;
        switch (value)
        {
            case JsonObject members:
                foreach (var name in members.Where(member => IsDropped(member, schema)).Select(member => member.Key).ToList())
                    members.Remove(name);
                foreach (var (name, inner) in members)
                    DropNulls(inner, SchemaOf(name, schema));
                break;
            case JsonArray list:
                foreach (var item in list)
                    DropNulls(item, schema.Items);
                break;
        }
    }

    /// <summary>Fills in defaults.</summary>
    /// <param name="value">Changed in place.</param>
    /// <param name="schema">Of the value.</param>
    /// <returns>Something was filled in.</returns>
    public static bool Apply(JsonNode? value, CustomSchema? schema) => schema is not null && value switch
    {
        JsonObject members => ApplyTo(members, schema),
        JsonArray list => ApplyTo(list, schema),
        _ => false,
    };

    private static bool ApplyTo(JsonObject members, CustomSchema schema)
    {
        var changed = false;
        foreach (var (name, property) in schema.Properties)
        {
            if (property.Default is null || (members.TryGetPropertyValue(name, out var given) && !IsMissing(given, property)))
                continue;
            members[name] = property.Default.DeepClone();
            changed = true;
        }

        foreach (var name in members.Select(member => member.Key).ToList())
        {
            var property = SchemaOf(name, schema);
            if (!schema.Properties.ContainsKey(name) && property?.Default is { } other && IsMissing(members[name], property))
            {
                members[name] = other.DeepClone();
                changed = true;
            }

            changed |= Apply(members[name], property);
        }

        return changed;
    }

    private static bool ApplyTo(JsonArray list, CustomSchema schema)
    {
        if (schema.Items is not { } items)
            return false;
        var changed = false;
        for (var index = 0; index < list.Count; index++)
        {
            if (items.Default is not null && IsMissing(list[index], items))
            {
                list[index] = items.Default.DeepClone();
                changed = true;
            }

            changed |= Apply(list[index], items);
        }

        return changed;
    }

    private static bool IsDropped(KeyValuePair<string, JsonNode?> member, CustomSchema schema) =>
        member.Value is null && schema.Properties.TryGetValue(member.Key, out var property) && property is { IsNullable: false, Default: null };

    private static bool IsMissing(JsonNode? value, CustomSchema schema) => value is null && !schema.IsNullable;

    private static CustomSchema? SchemaOf(string name, CustomSchema schema) => schema.Properties.GetValueOrDefault(name, schema.Others!);
}

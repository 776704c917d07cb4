using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Schemas;

/// <summary>Fills in what a schema gives for fields that are left out.</summary>
public static class SchemaDefaults
{
    /// <summary>What the defaults of one object may come to: as much as the body of a request.</summary>
    public const int MostBytes = 3 * 1024 * 1024;

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
    /// <param name="value">Changed in place, also where it fails.</param>
    /// <param name="schema">Of the value.</param>
    /// <returns>Something was filled in.</returns>
    /// <exception cref="StatusException">413: the defaults come to more than a whole body may.</exception>
    public static bool Apply(JsonNode? value, CustomSchema? schema) => new Filler().Apply(value, schema);

    private static bool IsDropped(KeyValuePair<string, JsonNode?> member, CustomSchema schema) =>
        member.Value is null && schema.Properties.TryGetValue(member.Key, out var property) && property is { IsNullable: false, Default: null };

    private static bool IsMissing(JsonNode? value, CustomSchema schema) => value is null && !schema.IsNullable;

    private static CustomSchema? SchemaOf(string name, CustomSchema schema) => schema.Properties.GetValueOrDefault(name, schema.Others!);

    // Each place gets a copy of its own, so that a few bytes of an object can become any number.
    private sealed class Filler
    {
        private long _left = MostBytes;

        public bool Apply(JsonNode? value, CustomSchema? schema) => schema is not null && value switch
        {
            JsonObject members => ApplyTo(members, schema),
            JsonArray list => ApplyTo(list, schema),
            _ => false,
        };

        private bool ApplyTo(JsonObject members, CustomSchema schema)
        {
            var changed = false;
            foreach (var (name, property) in schema.Properties)
            {
                if (property.Default is null || (members.TryGetPropertyValue(name, out var given) && !IsMissing(given, property)))
                    continue;
                members[name] = Copy(property, name);
                changed = true;
            }

            foreach (var name in members.Select(member => member.Key).ToList())
            {
                var property = SchemaOf(name, schema);
                if (!schema.Properties.ContainsKey(name) && property?.Default is not null && IsMissing(members[name], property))
                {
                    members[name] = Copy(property, name);
                    changed = true;
                }

                changed |= Apply(members[name], property);
            }

            return changed;
        }

        private bool ApplyTo(JsonArray list, CustomSchema schema)
        {
            if (schema.Items is not { } items)
                return false;
            var changed = false;
            for (var index = 0; index < list.Count; index++)
            {
                if (items.Default is not null && IsMissing(list[index], items))
                {
                    list[index] = Copy(items, "");
                    changed = true;
                }

                changed |= Apply(list[index], items);
            }

            return changed;
        }

        private JsonNode? Copy(CustomSchema schema, string name)
        {
            _left -= schema.DefaultBytes + name.Length;
            return _left >= 0 ? schema.Default?.DeepClone()
                : throw StatusErrors.RequestEntityTooLarge($"the defaults of its schema make the object too large: they may come to {MostBytes} bytes");
        }
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Json.Forms;
using Cluster.Api.Patching;
using Cluster.Api.Validation;

namespace Cluster.Api.Custom.Schemas;

/// <summary>Holds a tree to its schema, in the words of Kubernetes: clients see them.</summary>
public static class SchemaValidation
{
    /// <summary>What is wrong with a value.</summary>
    /// <param name="schema">Of the value.</param>
    /// <param name="value">The value.</param>
    /// <param name="before">
    /// The value it replaces, or null: what has not changed is not looked at, so that an object that was made under a laxer schema can
    /// still be written.
    /// </param>
    /// <param name="path">Where it stands; empty: it is the whole object.</param>
    /// <returns>The first of the errors, if they are very many.</returns>
    public static List<FieldError> Check(CustomSchema schema, JsonNode? value, JsonNode? before = null, string path = "") =>
        Find(schema, value, before, path.Length == 0 ? null : FieldPath.Root(path));

    /// <inheritdoc cref="Check"/>
    internal static FieldErrors Find(CustomSchema schema, JsonNode? value, JsonNode? before = null, FieldPath? path = null)
    {
        var found = new Findings();
        new Walker(found).Value(schema, value, before, path);
        return found.Errors;
    }

    /// <summary>The errors, and how much was looked at: of alternatives that all fail, the one that went farthest is told.</summary>
    private sealed class Findings
    {
        public FieldErrors Errors { get; } = [];

        public int Steps { get; set; }

        public bool IsValid => Errors.Count == 0;

        public void Add(Findings other)
        {
            Errors.AddRange(other.Errors);
            Steps += other.Steps;
        }
    }

    private readonly struct Walker(Findings found)
    {
        public void Value(CustomSchema schema, JsonNode? value, JsonNode? before, FieldPath? path)
        {
            if (before is not null && JsonNode.DeepEquals(value, before))
                return;
            found.Steps++;
            var kind = Kind(value);
            CheckType(schema, kind, path);
            if (value is not null)
            {
                CheckCombinations(schema, value, path);
                if (kind == "string")
                    CheckText(schema, value.GetValue<string>(), path);
                else if (kind is "integer" or "number")
                    CheckNumber(schema, value, path);
                else if (value is JsonArray list)
                    CheckList(schema, list, before as JsonArray, path);
            }

            if (schema.Enum is { } allowed && !(value is null && schema.IsNullable) && !allowed.Any(one => JsonNode.DeepEquals(one, value)) && found.Errors.HasRoom())
                Wrong(FieldErrorType.NotSupported, path, Shown(value), "supported values: " + GoText.QuoteAll(allowed.Select(Text)));
            if (value is not JsonObject members)
                return;
            CheckMembers(schema, members, before as JsonObject, path);
            if (schema.IsEmbedded && path is not null)
                EmbeddedObjects.Check(members, path, found.Errors);
        }

        private void CheckType(CustomSchema schema, string kind, FieldPath? path)
        {
            if (schema.TypeText.Length == 0 || (kind == "null" && schema.IsNullable))
                return;
            var fits = kind == schema.Type || (kind == "integer" && schema.Type == "number")
                || (schema.Type.Length == 0 && schema.IsIntOrString && kind is ("integer" or "string"));
            if (!fits && found.Errors.HasRoom())
                Wrong(FieldErrorType.TypeInvalid, path, kind, $"{path} in body must be of type {schema.TypeText}: {GoText.Quote(kind)}");
        }

        private void CheckCombinations(CustomSchema schema, JsonNode value, FieldPath? path)
        {
            if (schema.AnyOf.Count > 0)
                CheckAny(schema.AnyOf, value, path);
            if (schema.OneOf.Count > 0)
                CheckOne(schema.OneOf, value, path);
            if (schema.AllOf.Count > 0)
                CheckAll(schema.AllOf, value, path);
            if (schema.Not is { } not && Try(not, value, path).IsValid)
                WrongAsWhole(path, "must not validate the schema (not)");
        }

        private void CheckAny(IReadOnlyList<CustomSchema> schemas, JsonNode value, FieldPath? path)
        {
            Findings? best = null;
            foreach (var schema in schemas)
            {
                var tried = Try(schema, value, path);
                if (tried.IsValid)
                    return;
                best = best is null || tried.Steps > best.Steps ? tried : best;
            }

            WrongAsWhole(path, "must validate at least one schema (anyOf)");
            found.Add(best!);
        }

        private void CheckOne(IReadOnlyList<CustomSchema> schemas, JsonNode value, FieldPath? path)
        {
            Findings? best = null;
            var valid = 0;
            foreach (var schema in schemas)
            {
                var tried = Try(schema, value, path);
                if (tried.IsValid)
                    valid++;
                else if (valid == 0 && (best is null || tried.Steps > best.Steps))
                    best = tried;
            }

            if (valid == 1)
                return;
            var why = valid == 0 ? "Found none valid" : $"Found {valid} valid alternatives";
            WrongAsWhole(path, $"must validate one and only one schema (oneOf). {why}");
            if (valid == 0)
                found.Add(best!);
        }

        private void CheckAll(IReadOnlyList<CustomSchema> schemas, JsonNode value, FieldPath? path)
        {
            var failed = false;
            foreach (var schema in schemas)
            {
                var tried = Try(schema, value, path);
                failed |= !tried.IsValid;
                found.Add(tried);
            }

            if (failed)
                WrongAsWhole(path, "must validate all the schemas (allOf)");
        }

        private static Findings Try(CustomSchema schema, JsonNode value, FieldPath? path)
        {
            var tried = new Findings();
            new Walker(tried).Value(schema, value, null, path);
            return tried;
        }

        private void CheckText(CustomSchema schema, string text, FieldPath? path)
        {
            var length = text.EnumerateRunes().Count();
            if (length > schema.MaxLength)
                found.Errors.TooLong(path ?? Whole, (int)schema.MaxLength.Value);
            if (length < schema.MinLength)
                Invalid(path, text, $"should be at least {schema.MinLength} chars long");
            if (schema.PatternRegex is { } pattern && !pattern.IsMatch(text))
                Invalid(path, text, $"should match '{schema.Pattern}'");
            if (schema.Format.Length > 0 && !SchemaFormats.Holds(schema.Format, text) && found.Errors.HasRoom())
                Wrong(FieldErrorType.TypeInvalid, path, text, $"{path} in body must be of type {schema.Format}: {GoText.Quote(text)}");
        }

        private void CheckNumber(CustomSchema schema, JsonNode value, FieldPath? path)
        {
            var number = NumberOf(value);
            if (schema.MultipleOf is { } step && Math.IEEERemainder(number, step) is var rest && Math.Abs(rest) > Math.Abs(number) * 1e-12)
                Invalid(path, Shown(value), $"should be a multiple of {GoNumber.Text(step)}");
            if (schema.Maximum is { } most && (schema.ExcludesMaximum ? number >= most : number > most))
                Invalid(path, Shown(value), $"should be less than {(schema.ExcludesMaximum ? "" : "or equal to ")}{GoNumber.Text(most)}");
            if (schema.Minimum is { } least && (schema.ExcludesMinimum ? number <= least : number < least))
                Invalid(path, Shown(value), $"should be greater than {(schema.ExcludesMinimum ? "" : "or equal to ")}{GoNumber.Text(least)}");
            var isWhole = schema.Format switch
            {
                "int32" => number is >= int.MinValue and <= int.MaxValue,
                "int64" => number is >= long.MinValue and <= long.MaxValue,
                "float" => Math.Abs(number) <= float.MaxValue,
                _ => true,
            };
            if (!isWhole)
                Invalid(path, Shown(value), $"must be of type {schema.Format}");
        }

        private void CheckList(CustomSchema schema, JsonArray list, JsonArray? before, FieldPath? path)
        {
            if (list.Count < schema.MinItems)
                Invalid(path, list.Count, $"should have at least {schema.MinItems} items");
            if (list.Count > schema.MaxItems)
                found.Errors.TooMany(path ?? Whole, list.Count, (int)schema.MaxItems.Value);
            if (schema.Items is { } items)
            {
                var known = ByKey(schema, before);
                for (var index = 0; index < list.Count; index++)
                    Value(items, list[index], known is not null && list[index] is JsonObject item ? known.GetValueOrDefault(KeyOf(schema, item)) : null, Item(path, index));
            }

            if (schema.ListType is "set" or "map")
                CheckUnique(schema, list, path);
        }

        // Items of other lists have no identity: they are looked at whenever their list changed.
        private static Dictionary<string, JsonNode>? ByKey(CustomSchema schema, JsonArray? before)
        {
            if (before is null || schema.ListType != "map")
                return null;
            var known = new Dictionary<string, JsonNode>(before.Count, StringComparer.Ordinal);
            foreach (var item in before.OfType<JsonObject>())
                known.TryAdd(KeyOf(schema, item), item);
            return known;
        }

        private void CheckUnique(CustomSchema schema, JsonArray list, FieldPath? path)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (var index = 0; index < list.Count; index++)
            {
                var key = schema.ListType == "set" ? Canonical(list[index]) : KeyOf(schema, list[index]);
                if (!seen.Add(key) && found.Errors.HasRoom())
                    found.Errors.Duplicate(Item(path, index), schema.ListType == "set" ? Shown(list[index]) : KeysShown(schema, list[index]));
            }
        }

        private static string KeyOf(CustomSchema schema, JsonNode? item) =>
            string.Join('\0', schema.ListKeys.Select(key => Canonical((item as JsonObject)?[key] ?? schema.Items?.Properties.GetValueOrDefault(key)?.Default)));

        private static GoLiteral KeysShown(CustomSchema schema, JsonNode? item) =>
            new(JsonScalars.GoSyntax(new JsonObject(schema.ListKeys.Select(key => KeyValuePair.Create(key, (item as JsonObject)?[key]?.DeepClone())))));

        private void CheckMembers(CustomSchema schema, JsonObject members, JsonObject? before, FieldPath? path)
        {
            if (members.Count < schema.MinProperties && found.Errors.HasRoom())
                Invalid(path, Shown(members), $"should have at least {schema.MinProperties} properties");
            if (members.Count > schema.MaxProperties)
                found.Errors.TooMany(path ?? Whole, members.Count, (int)schema.MaxProperties.Value);
            foreach (var (name, value) in members)
            {
                if ((schema.Properties.GetValueOrDefault(name) ?? schema.Others) is { } inner)
                    Value(inner, value, before?[name], Child(path, name));
            }

            foreach (var name in schema.Required)
            {
                if (!members.ContainsKey(name))
                    found.Errors.Required(Child(path, name));
            }
        }

        private void Invalid(FieldPath? path, object? value, string rule)
        {
            if (found.Errors.HasRoom())
                Wrong(FieldErrorType.Invalid, path, value, $"{path} in body {rule}");
        }

        private void Wrong(FieldErrorType type, FieldPath? path, object? value, string detail) =>
            found.Errors.Add(new FieldError(type, path?.ToString() ?? NoPath, value, detail));

        private static FieldPath Child(FieldPath? path, string name) => path?.Child(name) ?? FieldPath.Root(name);

        private static FieldPath Item(FieldPath? path, int index) => (path ?? Whole).Index(index);

        // What a combination of schemas finds wrong has no path of its own.
        private void WrongAsWhole(FieldPath? path, string detail)
        {
            if (found.Errors.HasRoom())
                found.Errors.Add(FieldError.Invalid(NoPath, "", $"{GoText.Quote($"{path}")} {detail}"));
        }
    }

    private const string NoPath = "<nil>";
    private static readonly FieldPath Whole = FieldPath.Root("");

    private static string Kind(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            _ => Math.Floor(NumberOf(value)) == NumberOf(value) ? "integer" : "number",
        },
    };

    private static double NumberOf(JsonNode value) =>
        double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);

    private static string Canonical(JsonNode? value) => JsonScalars.GoPrint(value) + "/" + Kind(value);

    private static string Text(JsonNode? value) =>
        value is JsonValue && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value?.ToJsonString() ?? "null";

    // A value as an error shows it.
    private static object? Shown(JsonNode? value) => value switch
    {
        null => null,
        JsonObject or JsonArray => new GoLiteral(JsonScalars.GoSyntax(value)),
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => new GoLiteral(GoNumber.Text(NumberOf(value))),
        },
    };
}

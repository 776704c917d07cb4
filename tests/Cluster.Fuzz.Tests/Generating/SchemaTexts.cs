using CsCheck;

namespace Cluster.Fuzz.Tests.Generating;

/// <summary>Schemas of added kinds: most of them valid ones, with defaults, patterns, bounds and keys that may contradict each other.</summary>
internal static class SchemaTexts
{
    private const int MostDepth = 3;

    private static readonly Gen<string> Pattern = Gen.OneOf("^a+$", "(a|b)*c", "\\\\d{1,3}", "[[:alpha:]]+", "(?i)x", "\\\\pL", "(a+)+$", "a{2,5}", "\\\\x{61}", "^\\\\S+@\\\\S+$", "(", "[a", "a{1001}", "(?P<n>a)\\\\1");

    private static readonly Gen<string> Number = Gen.OneOf("0", "1", "-1", "2.5", "1e308", "9223372036854775807", "0.1", "-0", "null");

    /// <summary>The schema of a spec.</summary>
    public static Gen<string> Any { get; } = Of(MostDepth);

    /// <summary>A value that may fit one.</summary>
    public static Gen<string> Value { get; } = Gen.Select(JsonTexts.Value, JsonTexts.Value, JsonTexts.Value, (a, b, c) => $"{{\"a\":{a},\"b\":{b},\"items\":[{c},{a}]}}");

    private static Gen<string> Of(int depth) => Gen.Select(Core(depth), Extra(depth).Array[0, 3], (core, extra) => $"{{{string.Join(',', extra.Prepend(core).Where(part => part.Length > 0))}}}");

    private static Gen<string> Core(int depth)
    {
        var flat = Gen.OneOf(
            "\"type\":\"string\"", "\"type\":\"integer\"", "\"type\":\"number\"", "\"type\":\"boolean\"", "\"x-kubernetes-int-or-string\":true", "\"x-kubernetes-preserve-unknown-fields\":true",
            "\"type\":\"object\",\"x-kubernetes-embedded-resource\":true,\"x-kubernetes-preserve-unknown-fields\":true", "");
        if (depth == 0)
            return flat;
        var below = Of(depth - 1);
        var named = Gen.Select(below, below, (a, b) => $"\"type\":\"object\",\"properties\":{{\"a\":{a},\"b\":{b},\"items\":{{\"type\":\"array\",\"items\":{a}}}}}");
        var list = below.Select(items => $"\"type\":\"array\",\"items\":{items}");
        var keyed = Gen.Select(below, Gen.OneOf("a", "b", "none"), (b, key) => $"\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"{key}\"],\"items\":{{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{{\"a\":{{\"type\":\"string\"}},\"b\":{b}}}}}");
        var free = below.Select(values => $"\"type\":\"object\",\"additionalProperties\":{values}");
        return Gen.Frequency((2, flat), (4, named), (2, list), (1, keyed), (1, free));
    }

    private static Gen<string> Extra(int depth) => Gen.Frequency(
        (3, JsonTexts.Value.Select(value => $"\"default\":{value}")), (1, Gen.Const("\"default\":{}")), (1, Gen.Const("\"nullable\":true")), (2, Pattern.Select(pattern => $"\"pattern\":\"{pattern}\"")),
        (1, Gen.Select(Gen.OneOf("minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), Number, (name, value) => $"\"{name}\":{value}")),
        (1, JsonTexts.Value.Array[0, 3].Select(values => $"\"enum\":[{string.Join(',', values)}]")), (1, Gen.OneOf("\"required\":[\"a\"]", "\"x-kubernetes-list-type\":\"set\"", "\"x-kubernetes-map-type\":\"atomic\"", "\"uniqueItems\":true")),
        (1, Gen.OneOf("date-time", "ipv4", "email", "uuid", "byte", "int32", "duration", "nonsense").Select(format => $"\"format\":\"{format}\"")),
        (1, depth == 0 ? Gen.Const("") : Gen.Select(Gen.OneOf("allOf", "anyOf", "oneOf"), Of(0), (name, schema) => $"\"{name}\":[{schema},{{\"required\":[\"b\"]}}]")), (1, Gen.Const("\"not\":{\"required\":[\"b\"]}")));
}

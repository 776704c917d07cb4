using System.Text.Json.Nodes;
using Cluster.Api.Defaulting;
using Cluster.Api.Json;

namespace Cluster.Api.Tests.Defaulting;

/// <summary>Each default of the kinds that hangs on nothing but the object: what is filled in, and where nothing is.</summary>
/// <remarks>
/// defaults.json has a line an object: its kind, the version it is <c>of</c>, what is <c>given</c>, and what is there afterwards
/// (<c>want</c>: JSON pointer and value; null where nothing may be). Defaults of allocation and admission have tests of their own.
/// </remarks>
public sealed class DefaultsTableTests
{
    private static readonly JsonArray Table =
        JsonNode.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Defaulting", "defaults.json")))!.AsArray();

    public static TheoryData<int, string> Lines => [.. Table.Select((line, index) => (index, line!["kind"]!.ToString()))];

    [Theory]
    [MemberData(nameof(Lines))]
    public void Apply_FillsWhatIsLeftOut(int index, string kind)
    {
        var line = Table[index]!;
        var type = ResourceCatalog.FindKind(line["of"]!.ToString(), kind)!;
        var obj = (IApiObject)JsonCodec.FromNode(line["given"]!.DeepClone(), type.Descriptor, FieldValidation.Strict, null);
        Defaults.Apply(obj);
        var made = JsonCodec.ToNode(obj);

        foreach (var (pointer, value) in line["want"]!.AsObject())
        {
            var found = Find(made, pointer);
            Assert.True(JsonNode.DeepEquals(value, found), $"{kind} {pointer}: expected {value?.ToJsonString() ?? "nothing"}, found {found?.ToJsonString() ?? "nothing"}");
        }

        // A second time there is nothing to fill.
        Defaults.Apply(obj);
        Assert.True(JsonNode.DeepEquals(made, JsonCodec.ToNode(obj)), $"{kind}: other defaults the second time");
    }

    private static JsonNode? Find(JsonNode? node, string pointer)
    {
        foreach (var name in pointer[1..].Split('/'))
            node = node is JsonArray list ? list[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)] : node?[name];
        return node;
    }
}

using System.Globalization;
using System.Text.Json.Nodes;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom.Schemas;
using Cluster.Api.Json;

namespace Cluster.Api.Tests.Custom;

public class SchemaValidationTests
{
    private static readonly CustomSchema Map = Schema(
        """
        {"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
         "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"size":{"type":"integer","maximum":10}}}}
        """);

    /// <summary>Pair by pair this would take an hour.</summary>
    [Fact]
    public void Check_OfAMapOfManyItems_LooksAtTheChangedOneAlone()
    {
        const int Items = 50_000;
        var before = new JsonArray([.. Enumerable.Range(0, Items).Select(index => new JsonObject { ["name"] = index.ToString("D5", CultureInfo.InvariantCulture), ["size"] = 100 })]);
        var after = before.DeepClone().AsArray();
        after[Items - 1]!["size"] = 99;
        Assert.Equal($"list[{Items - 1}].size", Assert.Single(SchemaValidation.Check(Map, after, before, "list")).Path);

        // An item is the same wherever it stands.
        var first = after[0]!.DeepClone();
        after.RemoveAt(0);
        after[^1]!["size"] = 9;
        after.Add(first);
        Assert.Empty(SchemaValidation.Check(Map, after, before, "list"));
        Assert.Equal(Items, SchemaValidation.Check(Map, after, null, "list").Count + 1);
    }

    private static CustomSchema Schema(string json) => CustomSchema.Of(
        (JSONSchemaProps)JsonCodec.Read(JsonNode.Parse(json)!, JSONSchemaProps.Descriptor, FieldValidation.Strict, null));
}

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
        var all = StatusErrors.Invalid("", "", "", SchemaValidation.Check(Map, after, null, "list")).Status;
        Assert.Equal(101, all.Details.Causes.Count);
        Assert.EndsWith($", <nil>: Invalid value: too many errors: {Items - 1 - 100} more are not shown]", all.Message, StringComparison.Ordinal);
    }

    /// <summary>Each error takes hundreds of times what its item takes in the body.</summary>
    [Fact]
    public void Check_OfAHalfAMillionWrongItems_TellsTheFirstAndHowManyMoreThereAre()
    {
        const int Items = 500_000;
        var schema = Schema("""{"type":"array","items":{"anyOf":[{"type":"string"}],"type":"string","enum":["a"]}}""");
        var list = new JsonArray([.. Enumerable.Range(0, Items).Select(_ => JsonValue.Create(1))]);

        var status = StatusErrors.Invalid("", "", "", SchemaValidation.Check(schema, list, null, "list")).Status;

        Assert.StartsWith("""[list[0]: Invalid value: "integer": list[0] in body must be of type string: "integer", """, status.Message.Split(" is invalid: ")[1], StringComparison.Ordinal);
        Assert.InRange(JsonCodec.EncodeToBytes(status).Length, 1, 64 * 1024);
    }

    /// <summary>A path is as long as the keys in it.</summary>
    [Fact]
    public void Check_OfWrongItemsBelowALongKey_TellsNoMoreThanItsTexts()
    {
        var schema = Schema("""{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}""");
        var body = new JsonObject { [new string('k', 200_000)] = new JsonArray([.. Enumerable.Range(0, 200_000).Select(_ => JsonValue.Create(1))]) };

        var errors = SchemaValidation.Check(schema, body);

        Assert.Single(errors);
        Assert.Contains("199999 more", StatusErrors.Invalid("", "", "", errors).Message, StringComparison.Ordinal);
    }

    private static CustomSchema Schema(string json) => CustomSchema.Of(
        (JSONSchemaProps)JsonCodec.Read(JsonNode.Parse(json)!, JSONSchemaProps.Descriptor, FieldValidation.Strict, null));
}

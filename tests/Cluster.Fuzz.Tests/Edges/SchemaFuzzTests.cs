using System.Text;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom;
using Cluster.Api.Defaulting;
using Cluster.Api.Json;
using Cluster.Api.Validation;
using Cluster.Fuzz.Tests.Generating;
using CsCheck;

namespace Cluster.Fuzz.Tests.Edges;

/// <summary>Definitions of added kinds and objects of them: a definition without mistakes can be served, and its objects are read, filled, checked and shown.</summary>
public sealed class SchemaFuzzTests
{
    private static readonly Gen<string> Columns = Gen.Select(Texts.Any, Gen.OneOf("string", "integer", "number", "date", "boolean"), (path, type) => $"{{\"name\":\"A\",\"type\":\"{type}\",\"jsonPath\":{JsonTexts.Quote(path)}}}")
        .Array[0, 2].Select(columns => string.Join(',', columns));

    [Fact]
    public Task Definitions()
    {
        var inputs = Gen.Select(SchemaTexts.Any, Columns, Damage.Of(SchemaTexts.Value), (schema, columns, value) => Framed.Join($"{schema.ReplaceLineEndings(" ")}\n{columns.ReplaceLineEndings(" ")}", value));
        return Fuzzer.RunAsync(Edge.Of("schemas", inputs, input =>
        {
            var (head, value) = Framed.Split(input, 2);
            if (Define(head[0], head[1]) is not { } definition || Validator.ValidateCreate(definition).Count > 0)
                return;
            var type = CustomKinds.Of(definition)[0];
            try
            {
                Hold(CustomDecoder.Decode(Encoding.UTF8.GetBytes($"{{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\",\"metadata\":{{\"name\":\"a\"}},\"spec\":{Encoding.UTF8.GetString(value)}}}"), type, FieldValidation.Warn, []), type);
            }
            catch (StatusException refusal)
            {
                Assert.InRange(refusal.Code, 400, 499);
            }
        }));
    }

    private static void Hold(CustomObject obj, ResourceType type)
    {
        CustomConversion.Default(obj, type);
        Validator.ValidateCreate(obj, type);
        Validator.ValidateUpdate(obj, CustomConversion.Read(obj, type), type);
        type.Custom!.Columns.Cells(obj, DateTimeOffset.UnixEpoch);
        var json = CustomJson.Encode(obj, type.ApiVersion, type.Kind);
        var again = CustomDecoder.Decode(json, type, FieldValidation.Strict, null);
        CustomConversion.Default(again, type);
        Assert.Equal(Encoding.UTF8.GetString(json), Encoding.UTF8.GetString(CustomJson.Encode(again, type.ApiVersion, type.Kind)));
    }

    private static CustomResourceDefinition? Define(string schema, string columns)
    {
        var json = """
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced",
            "names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList"},"versions":[{"name":"v1","served":true,"storage":true,"additionalPrinterColumns":[COLUMNS],
            "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":SCHEMA}}}}]}}
            """;
        json = json.Replace("COLUMNS", columns, StringComparison.Ordinal).Replace("SCHEMA", schema, StringComparison.Ordinal);
        try
        {
            var definition = JsonCodec.Decode<CustomResourceDefinition>(Encoding.UTF8.GetBytes(json));
            Defaults.Apply(definition);
            return definition;
        }
        catch (StatusException refusal)
        {
            Assert.InRange(refusal.Code, 400, 499);
            return null;
        }
    }
}

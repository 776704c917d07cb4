using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Apply;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Patching;
using Cluster.Api.Yaml;
using Cluster.Fuzz.Tests.Generating;
using CsCheck;

namespace Cluster.Fuzz.Tests.Edges;

/// <summary>The ways to change an object: the result is an object of its kind or a refusal.</summary>
public sealed class PatchFuzzTests
{
    private static readonly Gen<string> JsonPatch = Gen.Select(
        Gen.OneOf("add", "remove", "replace", "move", "copy", "test", "nonsense"), Pointer, Pointer, JsonTexts.Value,
        (operation, path, from, value) => $"{{\"op\":\"{operation}\",\"path\":{JsonTexts.Quote(path)},\"from\":{JsonTexts.Quote(from)},\"value\":{value}}}")
        .Array[0, 5].Select(operations => $"[{string.Join(',', operations)}]");

    private static Gen<string> Pointer => Texts.Any.Array[0, 4].Select(names => string.Concat(names.Select(name => $"/{name}")));

    private static readonly IReadOnlyList<PatchText> Patches = Cluster.Api.Tests.Vectors.Vector.Read<PatchText>("patches.json");

    [Fact]
    public Task Patch()
    {
        // A patch of Go's vectors with its object, or any patch with any object.
        var known = Gen.Select(Gen.Int[0, Patches.Count - 1].Select(index => Patches[index]), Gen.OneOf(PatchMediaTypes.Json, PatchMediaTypes.Merge, PatchMediaTypes.Strategic), Gen.Int[0, 3], (vector, other, choice) =>
            (Head: $"v1 {vector.Kind}\n{(choice == 0 ? other : MediaTypeOf(vector.Type))}\n{vector.Original.ReplaceLineEndings(" ")}", vector.Patch));
        var made = Gen.Select(Objects.Any, Gen.OneOf(PatchMediaTypes.Json, PatchMediaTypes.Merge, PatchMediaTypes.Strategic), JsonPatch, Objects.Json, (vector, type, operations, tree) =>
            (Head: $"{vector.ApiVersion} {vector.Kind}\n{type}\n{vector.Json}", Patch: type == PatchMediaTypes.Json ? operations : tree));
        var inputs = Gen.SelectMany(Gen.Frequency((1, known), (1, made)), pair => Damage.Of(JsonTexts.Changed(Gen.Const(pair.Patch))).Select(patch => Framed.Join(pair.Head, patch)));
        return Fuzzer.RunAsync(Edge.Of("patch", inputs, input =>
        {
            var (head, patch) = Framed.Split(input, 3);
            var type = head[0].Split(' ') is [var apiVersion, var kind] ? ApiKinds.Find(apiVersion, kind) ?? Api.CoreV1.Pod.Descriptor : Api.CoreV1.Pod.Descriptor;
            if (Parse(head[2]) is not { } original)
                return;
            try
            {
                var patched = Api.Patching.Patch.Apply(original, head[1], patch, type);
                var message = Api.Patching.Patch.Decode(patched, type, FieldValidation.Warn, [], head[1], patch);
                JsonCodec.EncodeToBytes(message);
            }
            catch (StatusException refusal)
            {
                Assert.InRange(refusal.Code, 400, 499);
            }
        }));
    }

    [Fact]
    public Task Apply()
    {
        var objects = Objects.Any;
        var inputs = Gen.SelectMany(objects, live => Gen.Select(
            Damage.Of(Gen.Frequency((3, JsonTexts.Changed(Gen.Const(live.Json))), (1, Objects.Json))), JsonTexts.Changed(Gen.Const(live.Json)), (patch, before) => Framed.Join($"{live.ApiVersion} {live.Kind}\n{before.ReplaceLineEndings(" ")}", patch)));
        return Fuzzer.RunAsync(Edge.Of("apply", inputs, input =>
        {
            var (head, patch) = Framed.Split(input, 2);
            if (head[0].Split(' ') is not [var apiVersion, var kind] || ApiKinds.Find(apiVersion, kind) is not { } type || ResourceCatalog.Find(type) is null)
                return;
            var manager = new FieldManager(type, "", ["status"]);
            try
            {
                var live = Read(head[1], type);
                if (live is not null)
                    manager.Update(null, live, "before", new Time());
                if (YamlCodec.ToJson(Encoding.UTF8.GetString(patch)) is not [var document, ..] || Parse(Encoding.UTF8.GetString(document)) is not JsonObject tree)
                    return;
                (tree["metadata"] as JsonObject)?.Remove("managedFields");
                var applied = manager.Apply(live, tree.DeepClone().AsObject(), "fuzz", force: true, new Time());
                // To say the same once more changes nothing.
                var again = manager.Apply(applied, tree, "fuzz", force: true, new Time());
                Assert.Equal(Encoding.UTF8.GetString(JsonCodec.EncodeToBytes(applied)), Encoding.UTF8.GetString(JsonCodec.EncodeToBytes(again)));
            }
            catch (StatusException refusal) when (refusal.Code < 500)
            {
                // It is no object of its kind.
            }
        }));
    }

    private static IApiObject? Read(string json, Google.Protobuf.Reflection.MessageDescriptor type)
    {
        try
        {
            var obj = (IApiObject)JsonCodec.Decode(Encoding.UTF8.GetBytes(json), type, FieldValidation.Ignore, null);
            obj.Metadata?.ManagedFields.Clear();
            return obj.Metadata is null ? null : obj;
        }
        catch (StatusException)
        {
            return null;
        }
    }

    private static JsonNode? Parse(string json)
    {
        try
        {
            return GoJsonSyntax.Error(Encoding.UTF8.GetBytes(json)) is null ? JsonTrees.Parse(Encoding.UTF8.GetBytes(json)) : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static string MediaTypeOf(string type) => type switch { "json" => PatchMediaTypes.Json, "merge" => PatchMediaTypes.Merge, _ => PatchMediaTypes.Strategic };

    private sealed record PatchText(string Type, string Kind, string Original, string Patch);
}

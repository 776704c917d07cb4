using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.Patching;
using Cluster.Api.Protobuf;
using Cluster.Api.Yaml;

namespace Cluster.Api.Tests.Vectors;

/// <summary>Damaged input is refused with a Status, whatever the damage: no other exception comes out of a codec.</summary>
public sealed class MutationTests
{
    private const int Mutations = 4_000;

    private static readonly List<ObjectVector> Objects =
        [.. Vector.Read<ObjectVector>("objects.json").Where(vector => vector.Json.Length < 20_000)];

    [Fact]
    public void DecodeJson_Damaged_IsReadOrRefused() => Try(
        random => Damage(random, Encoding.UTF8.GetBytes(Any(random, Objects).Json)),
        body => JsonCodec.Decode(body, Pod.Descriptor, FieldValidation.Strict, null));

    [Fact]
    public void DecodeJsonOfItsKind_Damaged_IsReadOrRefused() => Try(
        random =>
        {
            var vector = Any(random, Objects);
            return (vector, Body: Damage(random, Encoding.UTF8.GetBytes(vector.Json)));
        },
        damaged => JsonCodec.Decode(damaged.Body, ApiKinds.Find(damaged.vector.ApiVersion, damaged.vector.Kind)!, FieldValidation.Warn, []));

    [Fact]
    public void DecodeProtobuf_Damaged_IsReadOrRefused() => Try(
        random =>
        {
            var vector = Any(random, Objects);
            return (vector, Body: Damage(random, vector.Protobuf));
        },
        damaged =>
        {
            var message = Envelope.Decode(damaged.Body, ApiKinds.Find(damaged.vector.ApiVersion, damaged.vector.Kind)!);
            JsonCodec.EncodeToBytes(message);
            Envelope.Encode(message);
        });

    [Fact]
    public void ToJson_DamagedYaml_IsReadOrRefused()
    {
        var texts = Vector.Read<YamlVector>("yaml.json");
        Try(
            random => Encoding.UTF8.GetString(Damage(random, Encoding.UTF8.GetBytes(Any(random, texts).Yaml))),
            text => YamlCodec.ToJson(text));
    }

    [Theory]
    [InlineData("json", PatchMediaTypes.Json)]
    [InlineData("merge", PatchMediaTypes.Merge)]
    [InlineData("strategic", PatchMediaTypes.Strategic)]
    public void Apply_DamagedPatch_IsAppliedOrRefused(string type, string mediaType)
    {
        var patches = Vector.Read<PatchVector>("patches.json").Where(vector => vector.Type == type && vector.Kind == "Pod").ToList();
        Try(
            random => (Any(random, patches).Original, Patch: Damage(random, Encoding.UTF8.GetBytes(Any(random, patches).Patch))),
            damaged =>
            {
                var patched = Patch.Apply(JsonNode.Parse(damaged.Original)!, mediaType, damaged.Patch, Pod.Descriptor);
                Patch.Decode(patched, Pod.Descriptor, FieldValidation.Warn, [], mediaType, damaged.Patch);
            });
    }

    private static void Try<T>(Func<Random, T> make, Action<T> use)
    {
        var random = new Random(3);
        var refused = 0;
        for (var count = 0; count < Mutations; count++)
        {
            var input = make(random);
            try
            {
                use(input);
            }
            catch (StatusException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, Mutations / 20, Mutations);
    }

    private static T Any<T>(Random random, List<T> items) => items[random.Next(items.Count)];

    // Flips, cuts, doubles and swaps: what bad wires, bad editors and bad people do.
    private static byte[] Damage(Random random, byte[] body)
    {
        var bytes = body.ToList();
        for (var blows = random.Next(1, 4); blows > 0 && bytes.Count > 0; blows--)
        {
            var at = random.Next(bytes.Count);
            var length = random.Next(1, Math.Min(12, bytes.Count - at + 1));
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes[at] = (byte)"{}[]\",:\\0-9nt&*!|>%@`#'$\n\t "[random.Next(27)];
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }

        return [.. bytes];
    }
}

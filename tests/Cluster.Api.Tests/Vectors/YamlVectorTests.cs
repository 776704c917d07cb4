using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.Yaml;

namespace Cluster.Api.Tests.Vectors;

public sealed class YamlVectorTests
{
    [Fact]
    public void ToJson_EveryText_IsWhatGoMakesOfIt() => Vector.CheckAll<YamlVector>("yaml.json", vector =>
    {
        var actual = Ours(vector.Yaml);
        var isRight = vector.Json switch
        {
            null => actual is null,
            "null" => actual == "",
            _ => actual is { Length: > 0 } && JsonNode.DeepEquals(JsonNode.Parse(vector.Json), JsonNode.Parse(actual)),
        };
        return isRight ? null : $"{vector} actual {actual}";
    });

    // Null for a refusal, the empty string for no document.
    private static string? Ours(string yaml)
    {
        try
        {
            return string.Join('\n', YamlCodec.ToJson(yaml).Select(Encoding.UTF8.GetString));
        }
        catch (StatusException)
        {
            return null;
        }
    }
}

public sealed record YamlVector(string Yaml, string? Json);

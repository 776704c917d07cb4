using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using Cluster.Api.Patching;

namespace Cluster.Api.Tests.Vectors;

public sealed class PatchVectorTests
{
    [Theory]
    [InlineData("json", PatchMediaTypes.Json)]
    [InlineData("merge", PatchMediaTypes.Merge)]
    [InlineData("strategic", PatchMediaTypes.Strategic)]
    public void Apply_EveryPatch_GivesWhatGoGives(string type, string mediaType) => Vector.CheckAll<PatchVector>("patches.json", vector =>
    {
        if (vector.Type != type)
            return null;
        var actual = Ours(vector, mediaType);
        var isRight = vector.Result is null
            ? actual is StatusException
            : actual is JsonNode node && JsonNode.DeepEquals(JsonNode.Parse(vector.Result), node);
        return isRight ? null : $"""
              original {vector.Original}
              patch    {vector.Patch}
              expected {vector.Result ?? vector.Error}
              actual   {Show(actual)}
            """;
    });

    // Errors of strategic patches that Kubernetes shows to the client; those of the other two it does not.
    [Fact]
    public void Apply_BadStrategicPatch_SaysWhatGoSays() => Vector.CheckAll<PatchVector>("patches.json", vector =>
    {
        if (vector.Type != "strategic" || vector.Error is null)
            return null;
        var isShown = Ours(vector, PatchMediaTypes.Strategic) is StatusException { Code: not 422 };
        return isShown ? Vector.Difference(vector.Patch, vector.Error, Show(Ours(vector, PatchMediaTypes.Strategic))) : null;
    });

    private static object Ours(PatchVector vector, string mediaType)
    {
        try
        {
            var type = ApiKinds.Find(vector.ApiVersion, vector.Kind)!;
            return Patch.Apply(JsonNode.Parse(vector.Original)!, mediaType, Encoding.UTF8.GetBytes(vector.Patch), type);
        }
        catch (StatusException error)
        {
            return error;
        }
    }

    private static string Show(object actual) => actual is JsonNode node ? node.ToJsonString() : ((StatusException)actual).Status.Message;
}

public sealed record PatchVector(string ApiVersion, string Kind, string Type, string Original, string Patch, string? Result, string? Error);

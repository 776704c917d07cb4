using Cluster.Api.Tests.Vectors;
using CsCheck;

namespace Cluster.Fuzz.Tests.Generating;

/// <summary>Objects of every kind, as Go's encoders wrote them.</summary>
internal static class Objects
{
    private const int MostBytes = 20_000;

    public static IReadOnlyList<ObjectVector> All { get; } = [.. Vector.Read<ObjectVector>("objects.json").Where(vector => vector.Json.Length < MostBytes)];

    public static Gen<ObjectVector> Any { get; } = Gen.Int[0, All.Count - 1].Select(index => All[index]);

    /// <summary>The JSON of one, or of another kind than it says, or with parts exchanged, or something else.</summary>
    public static Gen<string> Json { get; } = Gen.Frequency(
        (2, Any.Select(vector => vector.Json)), (6, JsonTexts.Changed(Any.Select(vector => vector.Json))), (2, JsonTexts.Value), (1, JsonTexts.Object), (1, JsonTexts.Deep));
}

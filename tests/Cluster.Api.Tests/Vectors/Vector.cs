using System.Text.Json;

namespace Cluster.Api.Tests.Vectors;

/// <summary>Reads the vectors that the generator made with Go's own code.</summary>
internal static class Vector
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static List<T> Read<T>(string file) =>
        JsonSerializer.Deserialize<List<T>>(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", "data", file)), Options)!;

    public static void Write<T>(string path, List<T> vectors) => File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(vectors, Options));

    /// <summary>Runs a check over all vectors and fails with what the first few wrong ones say.</summary>
    /// <param name="check">Null, or what is wrong.</param>
    public static void CheckAll<T>(string file, Func<T, string?> check)
    {
        var vectors = Read<T>(file);
        Assert.NotEmpty(vectors);
        var wrong = vectors.Select(check).OfType<string>().ToList();
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {vectors.Count} wrong:\n{string.Join('\n', wrong.Take(12))}");
    }

    /// <summary>Null when the texts are equal, else both from where they part.</summary>
    public static string? Difference(string what, string expected, string actual)
    {
        if (expected == actual)
            return null;
        var at = 0;
        while (at < expected.Length && at < actual.Length && expected[at] == actual[at])
            at++;
        var from = Math.Max(0, at - 60);
        return $"{what} at {at}:\n  expected ...{Cut(expected, from)}\n  actual   ...{Cut(actual, from)}";
    }

    private static string Cut(string text, int from) => text[from..Math.Min(text.Length, from + 160)];
}

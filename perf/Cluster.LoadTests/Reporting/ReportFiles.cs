using System.Text.Json;
using System.Text.Json.Serialization;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Reporting;

/// <summary>Writes a report as data (JSON), table (Markdown) and plot (SVG).</summary>
internal static class ReportFiles
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static void Write(string folder, string name, Report report, IReadOnlyList<Work> works)
    {
        Directory.CreateDirectory(folder);
        WriteJson(Path.Combine(folder, name + ".json"), report);
        File.WriteAllText(Path.Combine(folder, name + ".md"), MarkdownTable.Of(report, works));
        File.WriteAllText(Path.Combine(folder, name + ".svg"), BarPlot.Of(report, works));
    }

    public static T? ReadJson<T>(string path) => JsonSerializer.Deserialize<T>(File.ReadAllText(path), Json);

    public static void WriteJson<T>(string path, T value) => File.WriteAllText(path, JsonSerializer.Serialize(value, Json) + "\n");
}

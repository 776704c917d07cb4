using System.Text.Json;

namespace Cluster.Cli.Hosting;

/// <summary>What <c>status</c>, <c>down</c> and <c>demo</c> need to know of the last <c>up</c> on a data folder.</summary>
internal sealed record SavedSettings
{
    public required string ApiUrl { get; init; }

    public required string NodeName { get; init; }

    public required string NodeAddress { get; init; }

    public required string ServiceRange { get; init; }

    public required string ClusterCidr { get; init; }

    public required int KubeletHealthPort { get; init; }

    public required int ProxyHealthPort { get; init; }

    public int ProxyMetricsPort { get; init; } = 10249;

    public required int SchedulerPort { get; init; }

    public required int ControllerManagerPort { get; init; }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public void Save(DataDirectory data) => File.WriteAllText(PathIn(data), JsonSerializer.Serialize(this, Indented));

    /// <summary>Null where no cluster was ever brought up.</summary>
    public static SavedSettings? Load(DataDirectory data)
    {
        try
        {
            return JsonSerializer.Deserialize<SavedSettings>(File.ReadAllText(PathIn(data)));
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException($"no permission to read {data.Root}: run as root");
        }
    }

    private static string PathIn(DataDirectory data) => Path.Combine(data.Run, "settings.json");
}

using System.Globalization;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Api;

/// <summary>How soon the API server is ready, and what it holds: without anything, and with many pods. On all cores.</summary>
internal static class Footprint
{
    private const string Namespace = "stored";
    private const string User = "bench";
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    public static async Task<FootprintResult> MeasureAsync(ApiOptions options)
    {
        string data = Directory.CreateTempSubdirectory("cluster-bench-foot-").FullName;
        string cores = $"0-{(CoreTimes.ReadAll().Length - 1).ToString(CultureInfo.InvariantCulture)}";
        try
        {
            double first;
            using (ApiServerProcess server = await ApiServerProcess.StartAsync(options.Cluster, data, cores)) first = server.StartTime.TotalSeconds;
            List<double> again = [];
            for (int i = 1; i < options.Rounds; i++)
            {
                using ApiServerProcess server = await ApiServerProcess.StartAsync(options.Cluster, data, cores);
                again.Add(server.StartTime.TotalSeconds);
            }

            double idle, filled;
            using (ApiServerProcess server = await ApiServerProcess.StartAsync(options.Cluster, data, cores))
            {
                again.Add(server.StartTime.TotalSeconds);
                idle = await RestAsync(server);
                await FillAsync(server, options);
                filled = await RestAsync(server);
            }

            using ApiServerProcess last = await ApiServerProcess.StartAsync(options.Cluster, data, cores);
            return new FootprintResult(first, again, options.Stored, last.StartTime.TotalSeconds, idle, filled, await RestAsync(last));
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<double> RestAsync(ApiServerProcess server)
    {
        await Task.Delay(Rest);
        return server.Use.TotalResidentBytes / 1048576.0;
    }

    private static async Task FillAsync(ApiServerProcess server, ApiOptions options)
    {
        using (HttpClient administrator = server.Administrator(System.Net.HttpVersion.Version20, null)) await BenchObjects.CreateAsync(administrator, User, [Namespace]);
        using var client = server.Sign(User, User);
        using var filler = new MeasuredServer("filled", server.Url, () => server.Use, server.Authority, client);
        await BenchObjects.CreatePodsAsync(filler, $"/api/v1/namespaces/{Namespace}/pods", Namespace, options.Stored, options.Concurrency);
    }
}

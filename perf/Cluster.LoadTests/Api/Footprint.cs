using System.Globalization;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Api;

/// <summary>
/// How soon the API server is ready, and what it and the whole control plane hold: without anything, and with many pods that are bound to nodes.
/// On all cores.
/// </summary>
internal static class Footprint
{
    private const string Namespace = "stored";
    private const string User = "bench";
    private const int PodsOfANode = 100;
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

            double idle, filled, planeIdle;
            using (ApiServerProcess server = await ApiServerProcess.StartAsync(options.Cluster, data, cores))
            {
                again.Add(server.StartTime.TotalSeconds);
                idle = await RestAsync(server);
                planeIdle = await PlaneAsync(options, server);
                await FillAsync(server, options);
                filled = await RestAsync(server);
            }

            using ApiServerProcess last = await ApiServerProcess.StartAsync(options.Cluster, data, cores);
            double restarted = await RestAsync(last);
            return new FootprintResult(first, again, options.Stored, last.StartTime.TotalSeconds, idle, filled, restarted, planeIdle, await PlaneAsync(options, last));
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

    private static async Task<double> PlaneAsync(ApiOptions options, ApiServerProcess server)
    {
        using ControlPlaneProcesses others = await ControlPlaneProcesses.StartAsync(options.Cluster, server.Data);
        await Task.Delay(Rest);
        return ProcessUse.ProportionalBytes([server.Pid, .. others.Pids]) / 1048576.0;
    }

    private static async Task FillAsync(ApiServerProcess server, ApiOptions options)
    {
        int nodes = Math.Max(1, options.Stored / PodsOfANode);
        using (HttpClient administrator = server.Administrator(System.Net.HttpVersion.Version20, null))
        {
            await BenchObjects.CreateAsync(administrator, User, [Namespace]);
            // The controllers take pods of nodes that do not exist away.
            await BenchObjects.CreateNodesAsync(administrator, nodes);
        }

        using var client = server.Sign(User, User);
        using var filler = new MeasuredServer("filled", server.Url, () => server.Use, server.Authority, client);
        await BenchObjects.CreatePodsAsync(filler, $"/api/v1/namespaces/{Namespace}/pods", Namespace, options.Stored, options.Concurrency, nodes);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Cluster.LoadTests.Api;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Fairness;

/// <summary>
/// <c>./cluster bench fairness</c>: how long a quiet client waits for single objects while nobody else is there, and while a greedy one takes all it can get.
/// </summary>
internal static class FairnessBench
{
    public const string Nobody = "none";

    private const string Quiet = "quiet";
    private const string Greedy = "greedy";

    // Until the server's code is compiled as it stays: before that the first measurements are of the compiler.
    private static readonly TimeSpan Warmup = TimeSpan.FromSeconds(10);

    // Until the greedy client has all it gets, and after it until the server has let go of it.
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(FairnessOptions options)
    {
        string data = Directory.CreateTempSubdirectory("cluster-fairness-").FullName;
        try
        {
            using ApiServerProcess server = await ApiServerProcess.StartAsync(options.Cluster, data, options.ServerCore.ToString(CultureInfo.InvariantCulture));
            using X509Certificate2 greedy = server.Sign(Greedy, "tenants"), certificate = server.Sign(Quiet, "tenants");
            await File.WriteAllBytesAsync(Path.Combine(data, "greedy.p12"), greedy.Export(X509ContentType.Pkcs12));
            await PrepareAsync(server, greedy, options.Listed);
            using var measured = new MeasuredServer("cluster apiserver", server.Url, () => server.Use, server.Authority, certificate);
            var quiet = new QuietClient(measured);
            await quiet.RunAsync(Warmup, options.Rate);

            string file = Path.Combine(options.Output, "fairness.json");
            List<FairnessSample> samples = options.Append && File.Exists(file) ? [.. ReportFiles.ReadJson<FairnessReport>(file)!.Samples] : [];
            int before = samples.Select(sample => sample.Round).DefaultIfEmpty().Max();
            string[] loads = [Nobody, .. GreedyLoad.All.Select(load => load.Name).Where(name => options.Loads.Count == 0 || options.Loads.Contains(name))];
            for (int round = 1; round <= options.Rounds; round++)
            {
                foreach (string load in loads)
                {
                    FairnessSample sample = await MeasureAsync(server, quiet, options, before + round, load);
                    samples.Add(sample);
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{round}/{options.Rounds} {load}: get p50 {sample.GetP50Ms:0.0} p99 {sample.GetP99Ms:0.0} most {sample.GetMaxMs:0.0} ms, create {sample.CreateP50Ms:0.0} {sample.CreateP99Ms:0.0} {sample.CreateMaxMs:0.0} ms, {sample.Failures} of {sample.Requests} failed; {sample.Greedy}; server {sample.ServerBusy:P0} busy, {sample.ResidentMb:0} MB"));
                }
            }

            var report = new FairnessReport(MachineFacts.Read(TimeProvider.System), options.Rate, options.Duration.TotalSeconds, options.Listed, samples);
            Directory.CreateDirectory(options.Output);
            ReportFiles.WriteJson(file, report);
            await File.WriteAllTextAsync(Path.Combine(options.Output, "fairness.md"), report.ToMarkdown());
            Console.WriteLine(report.ToMarkdown());
            return 0;
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task PrepareAsync(ApiServerProcess server, X509Certificate2 greedy, int listed)
    {
        using HttpClient administrator = server.Administrator(System.Net.HttpVersion.Version20, null);
        await BenchObjects.CreateAsync(administrator, Quiet, [QuietClient.Namespace, GreedyLoad.Namespace]);
        await BenchObjects.CreateAsync(administrator, Greedy, []);
        using var crowd = new MeasuredServer(Greedy, server.Url, () => server.Use, server.Authority, greedy);
        await BenchObjects.CreatePodsAsync(crowd, $"/api/v1/namespaces/{GreedyLoad.Namespace}/pods", "listed", listed, concurrency: 16);
    }

    private static async Task<FairnessSample> MeasureAsync(ApiServerProcess server, QuietClient quiet, FairnessOptions options, int round, string load)
    {
        using GreedyProcess? other = load == Nobody ? null : GreedyProcess.Start(load, server.Url, server.Data, options.ClientCore);
        await Task.Delay(Settle);
        ProcessUse before = server.Use;
        long began = Stopwatch.GetTimestamp();
        (List<double> gets, List<double> creates, int failures) = await quiet.RunAsync(options.Duration, options.Rate);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        ProcessUse after = server.Use;
        GreedyOutcome outcome = other is null ? GreedyOutcome.None : await other.StopAsync();
        if (other is not null) await Task.Delay(Settle);
        return new FairnessSample(
            round, load, gets.Count + creates.Count + failures, failures,
            Statistics.Percentile(gets, 50), Statistics.Percentile(gets, 99), gets.Max(), Statistics.Percentile(creates, 50), Statistics.Percentile(creates, 99), creates.Max(),
            outcome, (after.CpuSeconds - before.CpuSeconds) / seconds, after.ResidentBytes / 1048576.0);
    }
}

using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Start;

/// <summary><c>./cluster bench start</c>: measures, and writes data and table.</summary>
internal static class StartBench
{
    public static int Run(string native, string cluster, int rounds, string folder)
    {
        StartCandidate[] candidates = [new("cluster-proxy", [native]), new("cluster proxy", [cluster, "proxy"])];
        var results = new StartCheck(candidates, rounds).Run();
        var report = new StartReport(
            MachineFacts.Read(TimeProvider.System), typeof(StartBench).Assembly.GetName().Version!.ToString(3), new FileInfo(native).Length / 1e6, results);
        Directory.CreateDirectory(folder);
        ReportFiles.WriteJson(Path.Combine(folder, "start.json"), report);
        File.WriteAllText(Path.Combine(folder, "start.md"), report.ToMarkdown());
        Console.WriteLine(report.ToMarkdown());
        return 0;
    }
}

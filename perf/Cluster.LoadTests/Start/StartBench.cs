using System.Text.Json;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Start;

/// <summary><c>./cluster bench start</c>: measures, and writes data, table and plot.</summary>
internal static class StartBench
{
    public static int Run(string native, string cluster, int rounds, string folder)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            Console.Error.WriteLine("cluster: the benchmark needs root on Linux, for network namespaces");
            return 1;
        }

        Directory.CreateDirectory(folder);
        var results = new StartCheck(Candidates(native, cluster), rounds).Run();
        var report = new StartReport(
            MachineFacts.Read(TimeProvider.System), typeof(StartBench).Assembly.GetName().Version!.ToString(3), new FileInfo(native).Length / 1e6, results, RunOfApi(native, cluster, rounds));
        ReportFiles.WriteJson(Path.Combine(folder, "start.json"), report);
        File.WriteAllText(Path.Combine(folder, "start.md"), report.ToMarkdown());
        File.WriteAllText(Path.Combine(folder, "start.svg"), report.ToSvg());
        Console.WriteLine(report.ToMarkdown());
        return 0;
    }

    /// <summary>In the namespaces that <see cref="RunOfApi"/> makes: tells its results on the standard output.</summary>
    public static int RunInside(string native, string cluster, int rounds)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(new ApiStartCheck(Candidates(native, cluster), cluster, rounds).Run()));
        return 0;
    }

    private static StartCandidate[] Candidates(string native, string cluster) => [new("cluster-proxy", [native]), new("cluster proxy", [cluster, "proxy"])];

    private static IReadOnlyList<StartResult> RunOfApi(string native, string cluster, int rounds)
    {
        TestNamespace.RemoveStale();
        using var place = new TestNamespace("start");
        place.Run("ip", "addr", "add", $"{ApiStartCheck.NodeAddress}/32", "dev", "lo");
        // With a /run that is its own and goes with it: what a proxy pins and keeps there.
        string output = place.Run(
            "unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run && exec \"$@\"", "sh",
            Environment.ProcessPath!, "start-api", "--native", native, "--cluster", cluster, "--rounds", rounds.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return JsonSerializer.Deserialize<List<StartResult>>(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!;
    }
}

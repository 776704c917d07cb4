using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;
using Cluster.LoadTests.Scale;

namespace Cluster.LoadTests;

/// <summary><c>./cluster bench dataplane</c>: from the options to the files.</summary>
internal static class DataplaneBench
{
    /// <param name="options">What to measure and where.</param>
    /// <param name="other">Measures something else than the comparison or the scale check, on the same terms.</param>
    public static int Run(BenchOptions options, Action<BenchOptions, StopSignal>? other = null)
    {
        if (Missing() is { } missing)
        {
            Console.Error.WriteLine($"cluster: the benchmark needs {missing}");
            return 1;
        }

        using StopSignal stop = StopSignal.OnSignals();
        int exitCode = 1;
        // A thread of its own, because it changes its network namespace and must not carry that to other work of the runtime.
        var thread = new Thread(() => exitCode = RunGuarded(options, other, stop));
        thread.Start();
        thread.Join();
        return exitCode;
    }

    private static int RunGuarded(BenchOptions options, Action<BenchOptions, StopSignal>? other, StopSignal stop)
    {
        try
        {
            if (other is not null) other(options, stop);
            else if (options.Scale is { } scale) CheckScale(options, scale, stop);
            else Measure(options, stop);
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("cluster: stopped; nothing was written");
            return 130;
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException or ArgumentException)
        {
            Console.Error.WriteLine($"cluster: {failure.Message}");
            return 1;
        }
    }

    private static void Measure(BenchOptions options, StopSignal stop)
    {
        List<Work> works = Chosen(Works.All, work => work.Name, options.Works);
        List<Candidate> candidates = Chosen(CandidateList.All, candidate => candidate.Name, options.Candidates);
        using var stage = new Stage(options.ClusterBinary, options.Tools, options.LoadCore, options.ProxyCore, options.CongestionControl);
        var comparison = new Comparison(stage, candidates, options.Timing, stop, Progress);
        comparison.Run(works);
        var report = new Report(
            MachineFacts.Read(TimeProvider.System) with { CongestionControl = options.CongestionControl ?? MachineFacts.Read(TimeProvider.System).CongestionControl },
            Layout(options),
            options.Timing.Rounds,
            options.Timing.Duration.TotalSeconds,
            Versions(stage, candidates),
            candidates.ToDictionary(candidate => candidate.Name, candidate => candidate.Title),
            comparison.Absences,
            Summary.Of(comparison.Samples, works, [.. candidates.Select(candidate => candidate.Name)]),
            comparison.Samples);
        ReportFiles.Write(options.Output, "dataplane", report, works);
        Console.WriteLine();
        Console.WriteLine(MarkdownTable.Of(report, works));
        Console.WriteLine($"written: {Path.Combine(options.Output, "dataplane")}.json, .md and .svg");
    }

    private static string Layout(BenchOptions options) =>
        $"client and backend are one thread on core {options.LoadCore}; each proxy is bound to core {options.ProxyCore} with one thread of its own; all on the loopback of a network namespace";

    private static void CheckScale(BenchOptions options, ScaleOptions scale, StopSignal stop)
    {
        using var stage = new Stage(options.ClusterBinary, options.Tools, options.LoadCore, options.ProxyCore, options.CongestionControl);
        IReadOnlyList<ScaleResult> results = new ScaleCheck(stage, stop, Progress).Run(scale.Paths, scale.Services);
        var report = new ScaleReport(MachineFacts.Read(TimeProvider.System), ClusterVersion(stage), ScaleTable.BackendsPerService, results);
        Directory.CreateDirectory(options.Output);
        ReportFiles.WriteJson(Path.Combine(options.Output, "scale.json"), report);
        File.WriteAllText(Path.Combine(options.Output, "scale.md"), report.ToMarkdown());
        Console.WriteLine();
        Console.WriteLine(report.ToMarkdown());
        Console.WriteLine($"written: {Path.Combine(options.Output, "scale")}.json and .md");
    }

    private static string ClusterVersion(Stage stage) => CandidateList.All.Single(candidate => candidate.Name == "managed").Version(stage) ?? "unknown";

    private static Dictionary<string, string> Versions(Stage stage, List<Candidate> candidates)
    {
        var versions = new Dictionary<string, string>();
        foreach (Candidate candidate in candidates)
        {
            try
            {
                if (candidate.Version(stage) is { } version) versions[candidate.Name] = version;
            }
            catch (NotAvailableException)
            {
                // Said already where it should have started.
            }
        }

        return versions;
    }

    /// <exception cref="ArgumentException">A name is not known.</exception>
    public static List<T> Chosen<T>(IReadOnlyList<T> all, Func<T, string> name, IReadOnlyList<string> wanted)
    {
        foreach (string one in wanted)
        {
            if (!all.Any(item => name(item) == one)) throw new ArgumentException($"{one} is not known; known are {string.Join(", ", all.Select(name))}");
        }

        return [.. all.Where(item => wanted.Count == 0 || wanted.Contains(name(item)))];
    }

    private static string? Missing()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess) return "root on Linux, for network namespaces";
        string[] commands = [.. ((string[])["ip", "nsenter", "setpriv", "taskset"]).Where(command => !Shell.Exists(command))];
        return commands.Length > 0 ? $"{string.Join(", ", commands)} (packages iproute2, util-linux)" : null;
    }

    private static void Progress(string line) => Console.WriteLine(line);
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Linux;
using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Failover;

/// <summary><c>./cluster bench failover</c>: what clients meet when one of three backends is killed or goes silent, beside HAProxy, in interleaved rounds.</summary>
internal sealed class FailoverBench(Stage stage, BenchOptions options, FailoverCase what, StopSignal stop)
{
    private const int PerSecond = 2_000;
    private const int Backends = 3;
    private const int FirstBackendPort = 24_000;
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(6);
    private static readonly Dictionary<string, string> NoEnvironment = [];

    private readonly Dictionary<string, string> _absent = [];
    private int _port = FirstBackendPort;

    public static void Run(BenchOptions options, FailoverCase what, StopSignal stop)
    {
        using var stage = new Stage(options.ClusterBinary, options.Tools, options.LoadCore, options.ProxyCore, null);
        new FailoverBench(stage, options, what, stop).Measure();
    }

    private void Measure()
    {
        stage.Plain.Enter();
        List<FailoverCandidate> candidates = DataplaneBench.Chosen(FailoverCandidate.All, candidate => candidate.Name, options.Candidates);
        var samples = candidates.ToDictionary(candidate => candidate, _ => new List<FailoverSample>());
        for (int round = 1; round <= options.Timing.Rounds; round++)
        {
            foreach (FailoverCandidate candidate in candidates.Where(candidate => !_absent.ContainsKey(candidate.Name)))
            {
                if (TryMeasure(candidate) is not { } sample) continue;
                samples[candidate].Add(sample);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{round}/{options.Timing.Rounds} {candidate.Name}: {sample.FailedConnects} connects and {sample.FailedRequests} requests of {sample.Requests} failed, slowest {sample.SlowestMs:0} ms"));
            }
        }

        Write([.. samples.Where(pair => pair.Value.Count > 0).Select(pair => new FailoverResult(pair.Key.Name, pair.Key.Title, pair.Value))], candidates);
    }

    private FailoverSample? TryMeasure(FailoverCandidate candidate)
    {
        try
        {
            return Measure(candidate);
        }
        catch (NotAvailableException reason)
        {
            _absent[candidate.Name] = reason.Message;
            Console.WriteLine($"{candidate.Name} is not available: {reason.Message}");
            return null;
        }
    }

    // Each round has ports of its own: none is in the way of another by connections that linger.
    private FailoverSample Measure(FailoverCandidate candidate)
    {
        IPEndPoint entry = stage.NextEntry();
        IPEndPoint[] places = [.. Enumerable.Range(0, Backends).Select(_ => new IPEndPoint(IPAddress.Loopback, ++_port))];
        var running = new List<ChildProcess>();
        try
        {
            foreach (IPEndPoint place in places) running.Add(new ChildProcess(stage.Plain, stage.LoadCore, NoEnvironment, Environment.ProcessPath!, "failover-backend", "--listen", $"{place}"));
            for (int i = 0; i < Backends; i++) UntilServed(places[i], running[i]);
            string file = stage.Write($"{candidate.Name}-{entry.Port}.{candidate.File}", candidate.Configure(entry, places));
            var proxy = new ChildProcess(stage.Plain, stage.ProxyCore, candidate.Environment, candidate.Command(stage, file));
            running.Add(proxy);
            UntilServed(entry, proxy);
            return Fail(new LoadTarget(entry, places[0]), running[0].Pid);
        }
        finally
        {
            if (what.IsSilent) stage.Plain.Run("nft", "flush", "ruleset");
            running.ForEach(process => process.Dispose());
        }
    }

    private FailoverSample Fail(LoadTarget target, int victim)
    {
        using var loop = new LoadLoop(stop) { WaitMs = 1 };
        using var load = new FailoverLoad(loop, target, PerSecond);
        load.Open();
        load.Resume();
        loop.Run(Before);
        int underWay = load.UnderWay;
        long killed = Stopwatch.GetTimestamp();
        if (what.IsSilent) Silence(target.Backend.Port);
        else _ = Libc.kill(victim, Libc.SIGKILL);
        loop.Run(After);
        load.Pause();
        long paused = Stopwatch.GetTimestamp();
        loop.RunUntil(() => load.UnderWay == 0, Rest);
        if (load.Ends.Exists(end => end.Ended < killed && end.Outcome != FailoverOutcome.Answered))
            Console.Error.WriteLine("requests failed before the backend did: the round tells of more than that");
        return FailoverSample.Of(load.Ends, killed, paused, underWay);
    }

    // In one step, and in the benchmark's own namespace, which has no other rules.
    private void Silence(int port) => stage.Plain.Run(
        "nft", $"table inet silence {{ chain input {{ type filter hook input priority 0; tcp dport {port} drop; tcp sport {port} drop; }}; }}");

    private void UntilServed(IPEndPoint place, ChildProcess process)
    {
        using var loop = new LoadLoop(stop);
        using var load = new FailoverLoad(loop, new LoadTarget(place, place), perSecond: 20);
        load.Open();
        load.Resume();
        if (!loop.RunUntil(() => load.Ends.Exists(end => end.Outcome == FailoverOutcome.Answered) || process.HasExited, StartTime) || process.HasExited)
            throw new NotAvailableException($"no answer; it said: {process.Output}");
    }

    private void Write(IReadOnlyList<FailoverResult> results, IReadOnlyList<FailoverCandidate> candidates)
    {
        if (results.Count == 0) throw new InvalidOperationException("nothing could be measured");
        var versions = candidates.Where(candidate => results.Any(result => result.Candidate == candidate.Name))
            .GroupBy(candidate => candidate.Title.Split(',')[0]).ToDictionary(group => group.Key, group => group.First().Version(stage) ?? "unknown");
        var report = new FailoverReport(what, MachineFacts.Read(TimeProvider.System), versions, PerSecond, results, [.. _absent.Select(pair => new Absence(pair.Key, "TCP", pair.Value))]);
        Directory.CreateDirectory(options.Output);
        string path = Path.Combine(options.Output, what.Name);
        ReportFiles.WriteJson(path + ".json", report);
        File.WriteAllText(path + ".md", report.ToMarkdown());
        File.WriteAllText(path + ".svg", report.ToSvg());
        Console.WriteLine();
        Console.WriteLine(report.ToMarkdown());
        Console.WriteLine($"written: {path}.json, .md and .svg");
    }
}

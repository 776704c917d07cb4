using System.Diagnostics;
using System.Globalization;
using System.Net;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Failover;

/// <summary><c>./cluster bench failover --datagrams</c>: how soon one-way datagrams go elsewhere when their backend dies, in interleaved rounds.</summary>
internal sealed class DatagramBench(Stage stage, BenchOptions options, StopSignal stop)
{
    private const int PerSecond = 64_000;
    private const int Clients = 64;
    private const int Backends = 3;
    private const int FirstBackendPort = 25_000;
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(0.3);
    private static readonly Dictionary<string, string> NoEnvironment = [];

    private readonly Dictionary<string, string> _absent = [];
    private int _port = FirstBackendPort;

    public static void Run(BenchOptions options, StopSignal stop)
    {
        using var stage = new Stage(options.ClusterBinary, options.Tools, options.LoadCore, options.ProxyCore, null);
        new DatagramBench(stage, options, stop).Measure();
    }

    private void Measure()
    {
        stage.Plain.Enter();
        List<DatagramCandidate> candidates = DataplaneBench.Chosen(DatagramCandidate.All, candidate => candidate.Name, options.Candidates);
        var samples = candidates.ToDictionary(candidate => candidate, _ => new List<DatagramSample>());
        for (int round = 1; round <= options.Timing.Rounds; round++)
        {
            foreach (DatagramCandidate candidate in candidates.Where(candidate => !_absent.ContainsKey(candidate.Name)))
            {
                if (TryMeasure(candidate) is not { } sample) continue;
                samples[candidate].Add(sample);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{round}/{options.Timing.Rounds} {candidate.Name}: {sample.Lost} of {sample.Sent} lost, the last {sample.RedirectedMs:0.00} ms after it died; {sample.LostBefore} before"));
            }
        }

        Write([.. samples.Where(pair => pair.Value.Count > 0).Select(pair => new DatagramResult(pair.Key.Name, pair.Key.Title, pair.Value))], candidates);
    }

    private DatagramSample? TryMeasure(DatagramCandidate candidate)
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

    private DatagramSample Measure(DatagramCandidate candidate)
    {
        IPEndPoint entry = stage.NextEntry();
        IPEndPoint[] places = [.. Enumerable.Range(0, Backends).Select(_ => new IPEndPoint(IPAddress.Loopback, ++_port))];
        string file = stage.Write($"{candidate.Name}-{entry.Port}.conf", candidate.Configure(stage, entry, places));
        using var proxy = new ChildProcess(stage.Plain, stage.ProxyCore, NoEnvironment, candidate.Command(stage, file));
        // A datagram that is sent before the proxy listens is answered by a refusal and no more.
        WaitUntilServed(entry, places, proxy);
        using var loop = new LoadLoop(stop) { Spins = true };
        using var load = new DatagramLoad(loop, entry, places, Clients, PerSecond, (int)((WarmUp + Before + After).TotalSeconds * PerSecond * 2));
        load.Open();
        load.Resume();
        loop.Run(WarmUp);
        int first = load.SentAt.Count;
        loop.Run(Before);
        long died = Stopwatch.GetTimestamp();
        load.Kill(0);
        loop.Run(After);
        load.Pause();
        loop.Run(Rest);
        return DatagramSample.Of([.. load.SentAt.Skip(first)], [.. load.Arrived.Take(load.SentAt.Count).Skip(first)], died);
    }

    private void WaitUntilServed(IPEndPoint entry, IPEndPoint[] places, ChildProcess proxy)
    {
        using var loop = new LoadLoop(stop) { WaitMs = 1 };
        using var load = new DatagramLoad(loop, entry, places, clients: 1, perSecond: 50, most: 10_000);
        load.Open();
        load.Resume();
        if (!loop.RunUntil(() => load.Arrived[load.SentAt.Count > 1 ? load.SentAt.Count - 2 : 0] || proxy.HasExited, StartTime) || proxy.HasExited)
            throw new NotAvailableException($"nothing arrived; it said: {proxy.Output}");
    }

    private void Write(IReadOnlyList<DatagramResult> results, IReadOnlyList<DatagramCandidate> candidates)
    {
        if (results.Count == 0) throw new InvalidOperationException("nothing could be measured");
        var versions = candidates.Where(candidate => results.Any(result => result.Candidate == candidate.Name))
            .GroupBy(candidate => candidate.Title.Split(',')[0]).ToDictionary(group => group.Key, group => group.First().Version(stage) ?? "unknown");
        var report = new DatagramReport(MachineFacts.Read(TimeProvider.System), versions, PerSecond, Clients, results, [.. _absent.Select(pair => new Absence(pair.Key, "UDP", pair.Value))]);
        Directory.CreateDirectory(options.Output);
        string path = Path.Combine(options.Output, "failover-datagrams");
        ReportFiles.WriteJson(path + ".json", report);
        File.WriteAllText(path + ".md", report.ToMarkdown());
        Console.WriteLine();
        Console.WriteLine(report.ToMarkdown());
        Console.WriteLine($"written: {path}.json and .md");
    }
}

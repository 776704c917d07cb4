using System.Globalization;
using System.Text;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Loads;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Reporting;

namespace Cluster.LoadTests.Dns;

/// <summary><c>./cluster bench dns</c>: our DNS server beside Debian's unbound and dnsmasq, serving the same names, in interleaved rounds.</summary>
internal sealed class DnsBench(Stage stage, BenchOptions options, StopSignal stop) : IDisposable
{
    private const int Templates = 16_384;
    private const int Clients = 16;
    private const string Ours = "cluster";
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);

    private readonly Timing _timing = options.Timing;
    private readonly DnsQueries _plain = new(Templates, DnsQueryMix.Addresses);
    private readonly DnsQueries _mixed = new(Templates, DnsQueryMix.Mixed);
    private readonly DnsQueries _pairs = new(Templates, DnsQueryMix.Pairs);
    private readonly List<Sample> _samples = [];
    private readonly Dictionary<string, string> _absent = [];

    public static IReadOnlyList<string> WorkNames { get; } = ["dns-a", "dns-mixed", "dns-pair", "dns-stub", "dns-one"];

    public static void Run(BenchOptions options, StopSignal stop)
    {
        using var stage = new Stage(options.ClusterBinary, options.Tools, options.LoadCore, options.ProxyCore, null);
        using var bench = new DnsBench(stage, options, stop);
        bench.Measure(options.Output);
    }

    public void Dispose()
    {
        _plain.Dispose();
        _mixed.Dispose();
        _pairs.Dispose();
    }

    // How many queries a client has under way decides how many a server finds waiting, and so what its batches save. A stub resolver has
    // two, the addresses of both families at once (glibc sends them by one call); a forwarder or a node's cache has as many as its clients
    // need together; "one" is the least there can be.
    private List<Work> Works() =>
    [
        Work("dns-a", "A queries, 10,000 names, 16 clients with 8 under way each", _plain, 8),
        Work("dns-mixed", "half A, the rest AAAA without records, names not there and PTR; 16 clients with 8 under way each", _mixed, 8),
        Work("dns-pair", "A and AAAA of a name at once, as stub resolvers ask; 16 clients that wait for both", _pairs, 2, together: true),
        Work("dns-stub", "the same by a new socket for each name, as glibc's getaddrinfo does; 16 clients", _pairs, 2, together: true, anew: true),
        Work("dns-one", "A queries, 16 clients that wait for each answer", _plain, 1),
    ];

    private static ThroughputWork Work(string name, string title, DnsQueries queries, int window, bool together = false, bool anew = false) =>
        new(name, title, "answers/s", Transport.Udp, (loop, target) => new DnsLoad(loop, target, queries, Clients, window, together, anew), cpuUnit: "answer");

    private void Measure(string output)
    {
        stage.Plain.Enter();
        List<Work> works = DataplaneBench.Chosen(Works(), work => work.Name, options.Works);
        List<RunningCandidate> running = [.. DataplaneBench.Chosen(DnsCandidate.All, candidate => candidate.Name, options.Candidates).Select(TryStart).OfType<RunningCandidate>()];
        try
        {
            foreach (Work work in works) Measure(work, running);
        }
        finally
        {
            running.ForEach(candidate => candidate.Dispose());
        }

        Write(output, works, [.. running.Select(candidate => candidate.Name)]);
    }

    private RunningCandidate? TryStart(DnsCandidate candidate)
    {
        RunningCandidate? started = null;
        try
        {
            started = candidate.Start(stage);
            using var loop = new LoadLoop(stop);
            using var load = new DnsLoad(loop, started.Target, _plain, 1, 1);
            load.Open();
            if (loop.RunUntil(() => load.Operations > 0 || started.Process!.HasExited, StartTime) && !started.Process!.HasExited) return started;
            throw new NotAvailableException($"no answer; it said: {started.Process!.Output}");
        }
        catch (NotAvailableException reason)
        {
            started?.Dispose();
            _absent[candidate.Name] = reason.Message;
            Console.WriteLine($"{candidate.Name} is not available: {reason.Message}");
            return null;
        }
        catch
        {
            started?.Dispose();
            throw;
        }
    }

    private void Measure(Work work, List<RunningCandidate> running)
    {
        foreach (RunningCandidate candidate in running) MeasureOnce(work, candidate, _timing with { Duration = _timing.WarmUp });
        for (int round = 1; round <= _timing.Rounds; round++)
        {
            foreach (RunningCandidate candidate in running)
            {
                Sample sample = MeasureOnce(work, candidate, _timing) with { Round = round };
                _samples.Add(sample);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{work.Name} {round}/{_timing.Rounds} {candidate.Name}: {sample.Value:0} answers/s, {sample.CpuPerOperation:0.00} us CPU each"));
            }
        }
    }

    private Sample MeasureOnce(Work work, RunningCandidate candidate, Timing time) =>
        work.Measure(candidate, new Meter(candidate.Process!.Pid, stage.LoadCore, stage.ProxyCore), time, stop);

    private void Write(string output, List<Work> works, List<string> names)
    {
        var titles = DnsCandidate.All.ToDictionary(candidate => candidate.Name, candidate => candidate.Title);
        var report = new Report(
            MachineFacts.Read(TimeProvider.System),
            $"clients are one thread on core {stage.LoadCore}; each server is bound to core {stage.ProxyCore} with one thread; all on the loopback of a network namespace",
            _timing.Rounds,
            _timing.Duration.TotalSeconds,
            DnsCandidate.All.Where(candidate => names.Contains(candidate.Name)).Select(candidate => (candidate.Name, Version: candidate.Version(stage)))
                .Where(pair => pair.Version is not null).ToDictionary(pair => pair.Name, pair => pair.Version!),
            titles,
            [.. _absent.Select(pair => new Absence(pair.Key, "UDP", pair.Value))],
            Summary.Of(_samples, works, names),
            _samples);
        Directory.CreateDirectory(output);
        string table = Table(report, works);
        ReportFiles.WriteJson(Path.Combine(output, "dns.json"), report);
        File.WriteAllText(Path.Combine(output, "dns.md"), table);
        File.WriteAllText(Path.Combine(output, "dns.svg"), BarPlot.Of(report, works));
        Console.WriteLine();
        Console.WriteLine(table);
        Console.WriteLine($"written: {Path.Combine(output, "dns")}.json, .md and .svg");
    }

    private static string Table(Report report, List<Work> works)
    {
        var text = new StringBuilder();
        text.AppendLine("# DNS, side by side").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Measured {report.Machine.Date}: medians of {report.Rounds} interleaved rounds of {report.SecondsPerMeasurement:0.##} s.").AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"- {report.Machine.Cores} cores, {report.Machine.Processor}; Linux {report.Machine.Kernel}; {report.Machine.System}; {report.Machine.Runtime}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- {report.Layout}");
        text.AppendLine(CultureInfo.InvariantCulture, $"- versions: {string.Join(", ", report.Versions.Select(pair => $"{pair.Key} {pair.Value}"))}").AppendLine();
        foreach (Work work in works)
        {
            List<Summary> rows = [.. report.Summaries.Where(summary => summary.Work == work.Name)];
            double? ours = rows.Find(row => row.Candidate == Ours)?.CpuPerOperation;
            text.AppendLine(CultureInfo.InvariantCulture, $"## {work.Name}: {work.Title}").AppendLine();
            text.AppendLine("| | answers/s | least - most | CPU us per answer | answers per CPU second | ours to it | server's core busy | load's core busy | failures |");
            text.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
            foreach (Summary row in rows)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"| {report.Titles[row.Candidate]} | {Figures.Short(row.Value)} | {Figures.Short(row.Least)} - {Figures.Short(row.Most)} | {row.CpuPerOperation:0.00} | {Figures.Short(1e6 / row.CpuPerOperation)} | {row.CpuPerOperation / ours:0.00} | {Figures.Percent(row.ProxyCoreBusy)} | {Figures.Percent(row.LoadBusy)} | {row.Failures} |");
            }

            text.AppendLine();
        }

        foreach (Absence absence in report.NotAvailable) text.AppendLine(CultureInfo.InvariantCulture, $"- not available: {absence.Candidate}: {absence.Reason}");
        return text.ToString();
    }
}

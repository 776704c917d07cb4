using System.Diagnostics;
using System.Globalization;
using System.Net;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Machine;
using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Scale;

/// <summary>Measures each path with one service and with many. Used by one thread, which is in the namespace.</summary>
internal sealed class ScaleCheck(Stage stage, StopSignal stop, Action<string> progress)
{
    private const int FirstConnections = 1000;
    // Services that are asked before it begins: one, which is asked in turn with the others then.
    private const int Familiar = 0;

    /// <summary>The row without any proxy.</summary>
    private const string Nothing = "direct";

    private const int NodeChanges = 300;
    private const int FileChanges = 100;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(20);

    private readonly List<ScaleResult> _results = [];

    public IReadOnlyList<ScaleResult> Run(IReadOnlyList<string> paths, int services)
    {
        stage.Plain.Enter();
        Shell.Run("ip", "addr", "add", $"{ScaleTable.Node}/32", "dev", "lo");
        // The kernel's translation first: to backends that other paths have spoken to before, some of its first packets are not answered.
        foreach (string path in paths.OrderBy(path => path != ScaleHost.Nftables))
        {
            foreach (int count in (int[])[1, services])
            {
                if (path == ScaleHost.Nftables)
                {
                    Add(Translated(count));
                    continue;
                }

                if (path == Nothing)
                {
                    Add(Direct(count));
                    continue;
                }

                Add(OnNode(path, count));
                Add(FromFile(path, count));
            }
        }

        return _results;
    }

    private void Add(ScaleResult result)
    {
        _results.Add(result);
        progress(string.Create(CultureInfo.InvariantCulture, $"{result.Vehicle} {result.Path} {result.Services}: {result}"));
    }

    private ScaleResult OnNode(string path, int services)
    {
        // The host runs as the proxy does: with tiers, and without the settings that make the load quick from its first call.
        var environment = new Dictionary<string, string>
        {
            ["DOTNET_TieredCompilation"] = "1",
            ["DOTNET_gcConcurrent"] = "1",
            ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
        };
        // What it mounts, a file system for BPF, is its own and goes with it.
        long begin = Stopwatch.GetTimestamp();
        using var process = new ChildProcess(
            stage.Plain, stage.ProxyCore, environment, "unshare", "--mount", Environment.ProcessPath!, "scale-host", "--path", path,
            "--services", services.ToString(CultureInfo.InvariantCulture), "--pins", Path.Combine(stage.Scratch, $"pins-{path}-{services}"));
        using var questioner = new Questioner(stop);
        var empty = new ScaleResult("node", path, services, 0, null, null, null, null, null, null, 0, null, null, null);
        if (!Await(questioner, process, () => process.Output.Contains("ready ", StringComparison.Ordinal), StartLimit)) return empty with { Failure = Last(process) };
        Await(questioner, process, () => questioner.Ask(ScaleTable.Service(0)).Set == 0, StartLimit);
        double start = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        string[] words = process.Output.Split('\n').First(line => line.StartsWith("ready ", StringComparison.Ordinal)).Split(' ', 4);
        int open = int.Parse(words[1], CultureInfo.InvariantCulture);
        ScaleResult result = empty with { StartToServingMs = start, Open = open, Limit = words.Length > 3 && open < services ? words[3] : null };
        return Measured(result, questioner, process, FirstsOf(questioner, services), NodeChanges, (number, set) => () => process.WriteLine(string.Create(CultureInfo.InvariantCulture, $"move {number} {set}")));
    }

    // A mode of the node's proxy alone: a load balancer file has no such path.
    private ScaleResult Translated(int services)
    {
        // The kernel looks for a route before it translates.
        Shell.Try("ip", "route", "replace", "local", "10.96.0.0/16", "dev", "lo", "src", ScaleTable.Node.ToString());
        try
        {
            return OnNode(ScaleHost.Nftables, services);
        }
        finally
        {
            // The table outlives its process.
            Shell.Try("nft", "delete", "table", "inet", ScaleHost.NatTable);
            Shell.Try("ip", "route", "del", "local", "10.96.0.0/16", "dev", "lo");
        }
    }

    private ScaleResult FromFile(string path, int services)
    {
        // A file's services listen on addresses that are there; one route makes all of them so, as the node's own would.
        Shell.Try("ip", "route", "replace", "local", "10.96.0.0/16", "dev", "lo", "src", ScaleTable.Node.ToString());
        string file = stage.Write($"scale-{path}-{services}.yaml", ScaleTable.File(path, services));
        var environment = new Dictionary<string, string> { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1" };
        var result = new ScaleResult("file", path, services, 0, null, null, null, null, null, null, 0, null, null, null);
        try
        {
            long begin = Stopwatch.GetTimestamp();
            using var process = new ChildProcess(stage.Plain, stage.ProxyCore, environment, stage.ClusterBinary, "proxy", "--config", file);
            using var questioner = new Questioner(stop);
            if (!Await(questioner, process, () => questioner.Ask(ScaleTable.Service(0)).Set == 0, StartLimit)) return result with { Failure = Last(process) };
            double start = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
            Firsts firsts = FirstsOf(questioner, services);
            int open = Enumerable.Range(0, services).Count(number => questioner.Ask(ScaleTable.Service(number)).Set != Questioner.None);
            string? limit = open < services ? process.Output.Split('\n').LastOrDefault(line => line.Contains("can't be opened", StringComparison.Ordinal)) : null;
            return Measured(result with { StartToServingMs = start, Open = open, Limit = limit }, questioner, process, firsts, FileChanges, (number, set) => Rewrite(file, path, services, set == 1 ? number : -1));
        }
        finally
        {
            Shell.Try("ip", "route", "del", "local", "10.96.0.0/16", "dev", "lo");
        }
    }

    private static Action Rewrite(string file, string path, int services, int moved)
    {
        File.WriteAllText(file + ".new", ScaleTable.File(path, services, moved));
        return () => File.Move(file + ".new", file, overwrite: true);
    }

    // What the kernel's part of a first connection is: addresses of one host with one listener for all of them, and nothing between.
    private ScaleResult Direct(int services)
    {
        Shell.Try("ip", "route", "replace", "local", "10.96.0.0/16", "dev", "lo", "src", ScaleTable.Node.ToString());
        try
        {
            using var questioner = new Questioner(stop);
            questioner.ListenEverywhere(ScaleTable.Service(0).Port);
            var result = new ScaleResult("kernel", Nothing, services, services, null, null, null, null, null, null, 0, null, null, null);
            return FirstsOf(questioner, services).In(result);
        }
        finally
        {
            Shell.Try("ip", "route", "del", "local", "10.96.0.0/16", "dev", "lo");
        }
    }

    // Once what the start has left to do is done: it shares the machine.
    private static Firsts FirstsOf(Questioner questioner, int services)
    {
        questioner.Rest(TimeSpan.FromSeconds(2));
        var firsts = new Firsts();
        int[] asked = [.. Enumerable.Range(0, FirstConnections).Select(i => (int)((long)i * services / FirstConnections))];
        foreach (int number in asked)
        {
            // In turn, so that whatever else happens to the machine happens to both.
            firsts.Familiar.Add(Asked(questioner, Familiar));
            if (services == 1 || number != Familiar) firsts.First.Add(Asked(questioner, number));
        }

        foreach (int number in asked) firsts.Again.Add(Asked(questioner, number));
        return firsts;
    }

    private static long? Asked(Questioner questioner, int number) =>
        questioner.Ask(ScaleTable.Service(number)) is { Set: not Questioner.None } answer ? answer.Time.Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond : null;

    private static ScaleResult Measured(ScaleResult result, Questioner questioner, ChildProcess process, Firsts firsts, int changes, Func<int, int, Action> prepare)
    {
        if (result.Open == 0) return result with { Failure = Last(process) };
        int[] open = [.. Enumerable.Range(0, result.Services).Where(number => result.Open == result.Services || questioner.Ask(ScaleTable.Service(number)).Set == 0)];
        if (open.Length == 0) return result with { Failure = "no service answers: " + Last(process) };
        List<double> effects = Changes(questioner, open, changes, prepare);
        ProcessUse use = ProcessUse.Of(process.Pid);
        return firsts.In(result) with
        {
            ResidentMb = use.TotalResidentBytes / 1e6,
            AnonymousMb = use.ResidentBytes / 1e6,
            Changes = effects.Count,
            ChangeP50Ms = effects.Count > 0 ? Statistics.Percentile(effects, 50) : null,
            ChangeP99Ms = effects.Count > 0 ? Statistics.Percentile(effects, 99) : null,
            Failure = effects.Count < changes ? "a change did not come into effect" : null,
        };
    }

    private static List<double> Changes(Questioner questioner, int[] open, int changes, Func<int, int, Action> prepare)
    {
        var effects = new List<double>();
        for (int i = 0; i < changes; i++)
        {
            int number = open[(int)((long)i * 7919 % open.Length)];
            IPEndPoint service = ScaleTable.Service(number);
            int wanted = questioner.Ask(service).Set == 1 ? 0 : 1;
            Action change = prepare(number, wanted);
            long begin = Stopwatch.GetTimestamp();
            change();
            while (questioner.Ask(service).Set != wanted)
            {
                if (Stopwatch.GetElapsedTime(begin) > ChangeLimit) return effects;
            }

            effects.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
        }

        return effects;
    }

    private static bool Await(Questioner questioner, ChildProcess process, Func<bool> condition, TimeSpan limit)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(begin) > limit) return false;
            questioner.Rest(TimeSpan.FromMilliseconds(2));
        }

        return true;
    }

    private static string Last(ChildProcess process) =>
        process.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last] ? last.Trim() : "nothing was said";
}

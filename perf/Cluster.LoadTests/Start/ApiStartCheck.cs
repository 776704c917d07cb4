using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Start;

/// <summary>How soon programs serve the services of an API server over TLS, in the place of kube-proxy, and what they hold then.</summary>
/// <remarks>
/// Runs in a network namespace and with a /run of its own (<see cref="StartBench"/> makes them), where its routes and programs are nobody
/// else's. Every start is the first one: nothing of an earlier process is left.
/// </remarks>
internal sealed partial class ApiStartCheck(IReadOnlyList<StartCandidate> candidates, string cluster, int rounds)
{
    private const int Services = 100;
    private const int Backends = 3;
    private const string Listed = "The API server has listed";
    private const string StateFolder = "/run/cluster-proxy";

    /// <summary>A node's address: the API takes no loopback address as an endpoint.</summary>
    public const string NodeAddress = "10.98.0.1";

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    /// <exception cref="InvalidOperationException">A program ended or did not answer; the message holds what it said.</exception>
    public IReadOnlyList<StartResult> Run()
    {
        using var first = new NamedBackend('a', IPAddress.Parse(NodeAddress));
        using var second = new NamedBackend('b', IPAddress.Parse(NodeAddress));
        using var api = new ApiStage(cluster);
        api.Create(Services, Backends, first.Address);
        var samples = candidates.ToDictionary(candidate => candidate, _ => new List<StartSample>());
        for (int round = 0; round < rounds; round++)
        {
            foreach (StartCandidate candidate in candidates)
            {
                api.Lead(first.Address);
                samples[candidate].Add(Measure(candidate, api, second.Address));
            }
        }

        return [.. samples.Select(pair => new StartResult(pair.Key.Name, Services, Backends, 0, pair.Value))];
    }

    private static StartSample Measure(StartCandidate candidate, ApiStage api, IPEndPoint second)
    {
        string[] arguments =
        [
            .. candidate.Command.Skip(1), "--kubeconfig", api.ProxyKubeconfig, "--hostname-override", "here", "--bind-address", NodeAddress,
            "--service-cluster-ip-range", ApiStage.Services, "--cluster-cidr", "10.100.0.0/16",
        ];
        try
        {
            return Measure(candidate.Command[0], arguments, api, second);
        }
        finally
        {
            Shell.Run(candidate.Command[0], [.. arguments, "--cleanup"]);
            if (Directory.Exists(StateFolder)) Directory.Delete(StateFolder, recursive: true);
        }
    }

    private static StartSample Measure(string program, string[] arguments, ApiStage api, IPEndPoint second)
    {
        DateTimeOffset clock = TimeProvider.System.GetUtcNow();
        long began = Stopwatch.GetTimestamp();
        using var process = new LoggedProgram(listens: false, program, arguments);
        double reply = StartCheck.Until('a', ApiStage.Place(0), process, began);
        process.Listen();
        new ManualResetEventSlim().Wait(Settle);
        ProcessUse use = ProcessUse.Of(process.Pid);
        long wrote = Stopwatch.GetTimestamp();
        api.Lead(second);
        double change = StartCheck.Until('b', ApiStage.Place(0), process, wrote);
        double listed = (ListedAt(process.Output) - clock).TotalMilliseconds;
        return new StartSample(reply, use.TotalResidentBytes / 1048576.0, use.CpuSeconds * 1000, change, Math.Max(0, reply - listed));
    }

    /// <summary>When a program had its first lists, as it says itself, to the millisecond.</summary>
    /// <exception cref="InvalidOperationException">It does not say.</exception>
    internal static DateTimeOffset ListedAt(string output)
    {
        string? line = output.Split('\n').FirstOrDefault(line => line.Contains(Listed, StringComparison.Ordinal));
        Match time = Time().Match(line ?? "");
        return time.Success ? DateTimeOffset.Parse(time.Value, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"the program does not say when it had its lists: {output}");
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:.]+Z")]
    private static partial Regex Time();
}

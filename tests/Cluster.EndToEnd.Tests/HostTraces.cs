using System.Text.RegularExpressions;

namespace Cluster.EndToEnd.Tests;

/// <summary>What a cluster can leave on a machine: routes, rules, mounts, links, containers and processes.</summary>
internal sealed record HostTraces(string Routes, string Rules, string Mounts, string Containers, string Links, string Processes)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>All of the host, to be compared with what was there before.</summary>
    public static async Task<HostTraces> TakeAsync() => new(
        Text((await RoutesAsync()).Where(route => !route.Contains(" dev docker0 ", StringComparison.Ordinal))),
        // Counters go up by themselves.
        Regex.Replace(await RunAsync("nft", "list", "ruleset"), "packets [0-9]+ bytes [0-9]+", "") + await RunAsync("iptables", "-S") + await RunAsync("iptables", "-t", "nat", "-S"),
        Text((await MountsAsync()).Where(mount => mount.Contains("cluster", StringComparison.Ordinal))),
        Text(Entries("/var/lib/docker/containers")),
        Text(Entries("/sys/class/net").Where(link => link.StartsWith("br-", StringComparison.Ordinal) || link.StartsWith("veth", StringComparison.Ordinal) || link.StartsWith("cluster", StringComparison.Ordinal))),
        Text(CommandLines().Where(line => line.Contains("cluster-e2e-", StringComparison.Ordinal))));

    /// <summary>What is there by the names a cluster gives, each in words: nothing after <c>down</c>.</summary>
    public static async Task<List<string>> OfAClusterAsync(string dataFolder)
    {
        var found = new List<string>();
        found.AddRange(Lines(await RunAsync("nft", "list", "tables")).Where(table => table.Split(' ')[^1] is "cluster" or "cluster_services"));
        found.AddRange((await RoutesAsync()).Where(route => (route + " ").Contains(" proto 107 ", StringComparison.Ordinal)).Select(route => "route " + route));
        // The chain is Docker's: where Docker has made none there is no rule in it.
        found.AddRange(Lines(await RunAsync("iptables", "-S")).Where(rule => rule.Contains("DOCKER-USER", StringComparison.Ordinal) && rule.Contains("cluster0", StringComparison.Ordinal)));
        if (await Engine.NetworkExistsAsync("cluster")) found.Add("docker network cluster");
        found.AddRange((await MountsAsync()).Where(mount => mount.Contains(dataFolder + "/", StringComparison.Ordinal)).Select(mount => "mount " + mount));
        found.AddRange(CommandLines().Where(line => line.Contains(dataFolder, StringComparison.Ordinal)).Select(line => "process " + line));
        if (File.Exists("/run/cluster.lock")) found.Add("/run/cluster.lock");
        return found;
    }

    private static async Task<IEnumerable<string>> RoutesAsync()
    {
        IEnumerable<string> routes = Lines(await RunAsync("ip", "-4", "route", "show", "table", "all"));
        if (!File.Exists("/proc/net/if_inet6")) return routes;
        // Link-local addresses come and go with the links of others.
        IEnumerable<string> six = Lines(await RunAsync("ip", "-6", "route", "show", "table", "all"));
        return routes.Concat(six.Where(route => !route.Contains("fe80:", StringComparison.Ordinal) && !route.Contains("ff00::", StringComparison.Ordinal)));
    }

    // From the mount point on: the numbers before it are given anew each time.
    private static async Task<IEnumerable<string>> MountsAsync() =>
        (await File.ReadAllLinesAsync("/proc/self/mountinfo")).Select(line => line.Split(' ', 5)[^1]);

    // From /proc: a small machine has no ps. A zombie has an empty command line.
    private static IEnumerable<string> CommandLines() =>
        Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out int pid) && pid != Environment.ProcessId)
            .Select(name => RunningCluster.CommandLine(int.Parse(name!, System.Globalization.CultureInfo.InvariantCulture)));

    private static IEnumerable<string> Entries(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)) : [];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string Text(IEnumerable<string> lines) => string.Join('\n', lines.Order(StringComparer.Ordinal));

    private static async Task<string> RunAsync(string command, params string[] arguments) =>
        (await CommandResult.RunAsync(command, arguments, Limit)).Succeeded().Output;
}

using System.Text.RegularExpressions;

namespace Cluster.EndToEnd.Tests;

/// <summary>What a cluster can leave on a machine: routes, rules, mounts, links, containers and processes, a line each.</summary>
internal static class HostTraces
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>All of the host, to be compared with what was there before.</summary>
    public static async Task<HashSet<string>> TakeAsync() =>
    [
        .. (await RoutesAsync()).Where(route => !route.Contains(" dev docker0 ", StringComparison.Ordinal)).Select(route => "route " + route),
        .. await RulesAsync(),
        .. (await FilterAsync()).Select(rule => "iptables " + rule),
        .. Lines(await RunAsync("iptables", "-t", "nat", "-S")).Select(rule => "iptables -t nat " + rule),
        .. (await MountsAsync()).Where(mount => mount.Contains("cluster", StringComparison.Ordinal)).Select(mount => "mount " + mount),
        .. Entries("/var/lib/docker/containers").Select(container => "container " + container),
        .. Entries("/sys/class/net").Select(link => "link " + link),
        .. CommandLines().Where(line => line.Contains("cluster-e2e-", StringComparison.Ordinal)).Select(line => "process " + line),
    ];

    /// <summary>What is there by the names a cluster gives, each in words: nothing after <c>down</c>.</summary>
    public static async Task<List<string>> OfAClusterAsync(string dataFolder)
    {
        var found = new List<string>();
        found.AddRange(Lines(await RunAsync("nft", "list", "tables")).Where(table => table.Split(' ')[^1] is "cluster" or "cluster_services"));
        found.AddRange((await RoutesAsync()).Where(route => (route + " ").Contains(" proto 107 ", StringComparison.Ordinal)).Select(route => "route " + route));
        // The chain is Docker's: where Docker has made none there is no rule in it.
        found.AddRange((await FilterAsync()).Where(rule => rule.Contains("DOCKER-USER", StringComparison.Ordinal) && rule.Contains("cluster0", StringComparison.Ordinal)));
        if (await Engine.NetworkExistsAsync("cluster")) found.Add("docker network cluster");
        found.AddRange((await MountsAsync()).Where(mount => mount.Contains(dataFolder + "/", StringComparison.Ordinal)).Select(mount => "mount " + mount));
        found.AddRange(CommandLines().Where(line => line.Contains(dataFolder, StringComparison.Ordinal)).Select(line => "process " + line));
        found.AddRange(new[] { "/run/cluster.lock", "/run/cluster" }.Where(Path.Exists));
        return found;
    }

    private static async Task<string[]> FilterAsync() => Lines(await RunAsync("iptables", "-S"));

    /// <summary>Each line of the ruleset behind the name of its table.</summary>
    private static async Task<List<string>> RulesAsync()
    {
        var rules = new List<string>();
        string table = "";
        foreach (string line in Lines(await RunAsync("nft", "list", "ruleset")).Where(line => line[0] != '#'))
        {
            if (line.StartsWith("table ", StringComparison.Ordinal)) table = line.TrimEnd(' ', '{');
            // Counters go up by themselves.
            rules.Add($"nft {table}: {Regex.Replace(line, "packets [0-9]+ bytes [0-9]+", "")}");
        }

        return rules;
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

    private static async Task<string> RunAsync(string command, params string[] arguments) =>
        (await CommandResult.RunAsync(command, arguments, Limit)).Succeeded().Output;
}

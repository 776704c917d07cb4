using System.Net;
using Microsoft.Extensions.Logging;

namespace Cluster.Containers.Network;

/// <summary>
/// The host's part of the pod network: a masquerade table of ours for traffic that leaves the cluster, and accept rules in front
/// of Docker's, whose forward policy is drop. Ensured again and again, for a restarted engine or firewall may drop them.
/// </summary>
public sealed class NodeNetwork
{
    private const string DockerChain = "DOCKER-USER";
    private const int NoProgram = 127;

    // iptables' code for a chain or rule that does not exist; lacking permission and a busy lock have others.
    private const int NotThere = 1;
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(15);

    private readonly NodeNetworkOptions options;
    private readonly ILogger logger;
    private readonly OwnedLines owned;
    private readonly RunCommand run;

    public NodeNetwork(NodeNetworkOptions options, ILogger logger)
        : this(options, logger, (program, arguments, input, token) => Command.RunAsync(program, arguments, input, CommandLimit, token))
    {
    }

    internal NodeNetwork(NodeNetworkOptions options, ILogger logger, RunCommand run)
    {
        this.options = options;
        this.logger = logger;
        this.run = run;
        owned = new OwnedLines(options.OwnedPath);
    }

    /// <summary>Runs a program to its end, as <see cref="Command"/> does.</summary>
    internal delegate Task<(int ExitCode, string Output)> RunCommand(
        string program, string[] arguments, string? input, CancellationToken cancellationToken);

    /// <summary>Makes table and rules stand for the node's pod range. Idempotent.</summary>
    /// <exception cref="RuntimeException">A command failed: no nftables here, or no permission.</exception>
    public async Task EnsureAsync(IPNetwork podRange, CancellationToken cancellationToken)
    {
        await EnsureTableAsync(podRange, cancellationToken);
        if (!await HasDockerChainAsync(cancellationToken)) return;
        await owned.RecordAsync(OwnedRules, cancellationToken);
        foreach (var rule in AcceptRules(podRange.ToString())) await EnsureRuleAsync(rule, cancellationToken);
    }

    /// <summary>Takes away table and rules, also those of an earlier range. What is not there is no failure.</summary>
    /// <exception cref="RuntimeException">Something is left, told after everything was tried.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        var removal = new Removal();
        await removal.TryAsync(() => RemoveTableAsync(cancellationToken));
        await removal.TryAsync(() => RemoveRulesAsync(cancellationToken));
        removal.ThrowIfFailed("the pod network's rules");
    }

    private async Task RemoveTableAsync(CancellationToken cancellationToken)
    {
        // Declared before it is deleted: deleting what is not there would be an error.
        var script = $"table ip {options.Table}\ndelete table ip {options.Table}\n";
        var done = await run("nft", ["-f", "-"], script, cancellationToken);
        if (done.ExitCode == NoProgram) ThrowIfOwned(OwnedTable, "nft is missing: install the package nftables");
        else if (done.ExitCode != 0) throw Refused($"the table {options.Table} is left: {done.Output.Trim()}");
        await owned.ForgetAsync(OwnedTable, cancellationToken);
    }

    private async Task RemoveRulesAsync(CancellationToken cancellationToken)
    {
        var listed = await run("iptables", ["-w", "-S", DockerChain], null, cancellationToken);
        if (listed.ExitCode == NoProgram) ThrowIfOwned(OwnedRules, "iptables is missing: install the package iptables");
        else if (listed.ExitCode is not (0 or NotThere)) throw Refused($"rules of {DockerChain} can't be listed: {listed.Output.Trim()}");
        if (listed.ExitCode == 0)
        {
            var removal = new Removal();
            var ours = listed.Output.Split('\n').Where(line => line.Contains($"--comment {Comment} ", StringComparison.Ordinal));

            // -S prints rules as the arguments that made them, with -A in front.
            foreach (var line in ours) await removal.TryAsync(() => RemoveRuleAsync(line.Trim().Split(' ')[1..], cancellationToken));
            removal.ThrowIfFailed("our rules in " + DockerChain);
        }

        await owned.ForgetAsync(OwnedRules, cancellationToken);
    }

    private async Task RemoveRuleAsync(string[] rule, CancellationToken cancellationToken)
    {
        var done = await run("iptables", ["-w", "-D", .. rule], null, cancellationToken);
        if (done.ExitCode == 0) return;

        // Another may have removed it meanwhile, and iptables has one code for that and for more.
        var check = await run("iptables", ["-w", "-C", .. rule], null, cancellationToken);
        if (check.ExitCode != NotThere) throw Refused($"{string.Join(' ', rule)}: {done.Output.Trim()}");
    }

    // A host without the program on which nothing was made is clean already.
    private void ThrowIfOwned(string line, string why)
    {
        if (owned.Has(line)) throw Refused($"{why} (\"{line}\" was made on this host)");
    }

    private static RuntimeException Refused(string message) => new(RuntimeFailure.Refused, message);

    private string OwnedTable => $"nft ip {options.Table}";

    private string OwnedRules => $"iptables {DockerChain} {Comment}";

    private string Comment => options.Bridge;

    private async Task EnsureTableAsync(IPNetwork podRange, CancellationToken cancellationToken)
    {
        var present = await run("nft", ["list", "table", "ip", options.Table], null, cancellationToken);
        if (present.ExitCode == NoProgram) throw Refused("cannot set up masquerading: nft is missing, install the package nftables");
        await owned.RecordAsync(OwnedTable, cancellationToken);
        if (present.ExitCode == 0 && present.Output.Contains($"ip saddr {podRange} ", StringComparison.Ordinal)) return;

        // Declared, deleted and made anew in one transaction: nothing is ever seen half done.
        var script = $$"""
            table ip {{options.Table}} {}
            delete table ip {{options.Table}}
            table ip {{options.Table}} {
              chain postrouting {
                type nat hook postrouting priority srcnat; policy accept;
                ip saddr {{podRange}} ip daddr != { {{string.Join(", ", options.ClusterRanges)}} } masquerade
              }
            }

            """;
        var made = await run("nft", ["-f", "-"], script, cancellationToken);
        if (made.ExitCode != 0)
            throw new RuntimeException(RuntimeFailure.Refused, $"cannot set up masquerading with nft: {made.Output.Trim()}");
        logger.LogInformation("Pods of {Range} are masqueraded outside of {Ranges}", podRange, string.Join(", ", options.ClusterRanges));
    }

    private async Task<bool> HasDockerChainAsync(CancellationToken cancellationToken)
    {
        // An engine told to leave iptables alone makes no chain and no drop policy.
        var listed = await run("iptables", ["-w", "-n", "-L", DockerChain], null, cancellationToken);
        return listed.ExitCode == 0;
    }

    private IEnumerable<string[]> AcceptRules(string range)
    {
        yield return [DockerChain, "-s", range, "-m", "comment", "--comment", Comment, "-j", "ACCEPT"];
        yield return [DockerChain, "-d", range, "-m", "comment", "--comment", Comment, "-j", "ACCEPT"];
    }

    private async Task EnsureRuleAsync(string[] rule, CancellationToken cancellationToken)
    {
        var check = await run("iptables", ["-w", "-C", .. rule], null, cancellationToken);
        if (check.ExitCode == 0) return;

        // In front: the chain ends with a return, and administrators may have put drops there for other networks.
        var insert = await run("iptables", ["-w", "-I", .. rule], null, cancellationToken);
        if (insert.ExitCode != 0)
            throw new RuntimeException(RuntimeFailure.Refused, $"cannot accept forwarded pod traffic: {insert.Output.Trim()}");
    }
}

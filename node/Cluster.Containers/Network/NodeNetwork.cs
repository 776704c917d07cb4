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
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(15);

    private readonly NodeNetworkOptions options;
    private readonly ILogger logger;

    public NodeNetwork(NodeNetworkOptions options, ILogger logger)
    {
        this.options = options;
        this.logger = logger;
    }

    /// <summary>Makes table and rules stand for the node's pod range. Idempotent.</summary>
    /// <exception cref="RuntimeException">A command failed: no nftables here, or no permission.</exception>
    public async Task EnsureAsync(IPNetwork podRange, CancellationToken cancellationToken)
    {
        await EnsureTableAsync(podRange, cancellationToken);
        if (!await HasDockerChainAsync(cancellationToken)) return;
        foreach (var rule in AcceptRules(podRange.ToString())) await EnsureRuleAsync(rule, cancellationToken);
    }

    /// <summary>Takes away table and rules, also those of an earlier range.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        await Command.RunAsync(
            "nft", ["-f", "-"], $"table ip {options.Table}\ndelete table ip {options.Table}\n", CommandLimit, cancellationToken);
        var listed = await Command.RunAsync("iptables", ["-w", "-S", DockerChain], null, CommandLimit, cancellationToken);
        var ours = listed.Output.Split('\n').Where(line => line.Contains($"--comment {Comment} ", StringComparison.Ordinal));
        foreach (var line in ours)
        {
            // -S prints rules as the arguments that made them, with -A in front.
            string[] rule = ["-w", "-D", .. line.Trim().Split(' ')[1..]];
            await Command.RunAsync("iptables", rule, null, CommandLimit, cancellationToken);
        }
    }

    private string Comment => options.Bridge;

    private async Task EnsureTableAsync(IPNetwork podRange, CancellationToken cancellationToken)
    {
        var present = await Command.RunAsync("nft", ["list", "table", "ip", options.Table], null, CommandLimit, cancellationToken);
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
        var made = await Command.RunAsync("nft", ["-f", "-"], script, CommandLimit, cancellationToken);
        if (made.ExitCode != 0)
            throw new RuntimeException(RuntimeFailure.Refused, $"cannot set up masquerading with nft: {made.Output.Trim()}");
        logger.LogInformation("Pods of {Range} are masqueraded outside of {Ranges}", podRange, string.Join(", ", options.ClusterRanges));
    }

    private static async Task<bool> HasDockerChainAsync(CancellationToken cancellationToken)
    {
        // An engine told to leave iptables alone makes no chain and no drop policy.
        var listed = await Command.RunAsync("iptables", ["-w", "-n", "-L", DockerChain], null, CommandLimit, cancellationToken);
        return listed.ExitCode == 0;
    }

    private IEnumerable<string[]> AcceptRules(string range)
    {
        yield return [DockerChain, "-s", range, "-m", "comment", "--comment", Comment, "-j", "ACCEPT"];
        yield return [DockerChain, "-d", range, "-m", "comment", "--comment", Comment, "-j", "ACCEPT"];
    }

    private static async Task EnsureRuleAsync(string[] rule, CancellationToken cancellationToken)
    {
        var check = await Command.RunAsync("iptables", ["-w", "-C", .. rule], null, CommandLimit, cancellationToken);
        if (check.ExitCode == 0) return;

        // In front: the chain ends with a return, and administrators may have put drops there for other networks.
        var insert = await Command.RunAsync("iptables", ["-w", "-I", .. rule], null, CommandLimit, cancellationToken);
        if (insert.ExitCode != 0)
            throw new RuntimeException(RuntimeFailure.Refused, $"cannot accept forwarded pod traffic: {insert.Output.Trim()}");
    }
}

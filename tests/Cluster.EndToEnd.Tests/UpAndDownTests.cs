namespace Cluster.EndToEnd.Tests;

/// <summary>The one command as a stranger meets it: what it says when it cannot, and what it leaves behind.</summary>
[Collection(BreakableCluster.Name)]
public sealed class UpAndDownTests(BreakableCluster breakable)
{
    [Fact]
    public async Task Up_Twice_SaysSoInOneLine()
    {
        Machine.RequireCluster();
        Refusal.AssertOneLine(await breakable.Cluster.UpAsync(), "already up");
    }

    [Fact]
    public async Task Status_OfARunningCluster_NamesItsParts()
    {
        Machine.RequireCluster();
        string status = (await breakable.Cluster.CommandAsync("status")).Succeeded().Output;
        foreach (string part in (string[])["api server", "scheduler", "controller manager", "kubelet", "proxy", "nodes", "pods", "services"])
            Assert.Contains(part, status, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Down_LeavesNothingBehind()
    {
        Machine.RequireCluster();
        Snapshot before = await Snapshot.TakeAsync();
        var cluster = new RunningCluster { ServicePrefix = "10.98", PodPrefix = "10.246" };
        // The engine carries one cluster's network at a time: the shared one has to go first.
        (await breakable.Cluster.DownAsync()).Succeeded();
        try
        {
            Snapshot clean = await Snapshot.TakeAsync();
            await cluster.InitializeAsync();
            Kubectl kubectl = await cluster.KubectlAsync();
            await kubectl.ApplyAsync(Manifests.Who("passing"));
            await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/passing", "--timeout=60s");
            Assert.NotEqual(clean, await Snapshot.TakeAsync());
            await cluster.DisposeAsync();
            Assert.Equal(clean, await Snapshot.TakeAsync());
        }
        finally
        {
            (await breakable.Cluster.UpAsync()).Succeeded();
        }
    }

    /// <summary>What a cluster can leave on a machine: routes, rules, mounts, networks, containers and processes.</summary>
    private sealed record Snapshot(string Routes, string Rules, string Mounts, string Containers, string Networks, string Processes)
    {
        public static async Task<Snapshot> TakeAsync() => new(
            await ShellAsync("ip -4 route show table all | grep -v ' dev docker0 ' | sort; ip -6 route show table local | grep -v fe80 | sort"),
            await ShellAsync("nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//' | grep -v '^#'"),
            await ShellAsync("cut -d' ' -f5- /proc/self/mountinfo | grep -E 'cluster' | sort"),
            await ShellAsync("ls /var/lib/docker/containers 2>/dev/null | sort"),
            await ShellAsync("ls -d /sys/class/net/br-* /sys/class/net/veth* 2>/dev/null | sort"),
            await ShellAsync("ps -eo args | grep -E '[c]luster-e2e-' | sort"));

        private static async Task<string> ShellAsync(string script) =>
            (await CommandResult.RunAsync("bash", ["-c", script], TimeSpan.FromSeconds(20))).Output;
    }
}

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
        // And the path of each service, with the reason.
        Assert.Matches("(?m)^  default/kubernetes:https +TCP +(connect|loop) +[a-z]", status);
    }

    [Fact]
    public async Task Down_LeavesNothingBehind()
    {
        Machine.RequireCluster();
        var cluster = new RunningCluster { ServicePrefix = "10.98", PodPrefix = "10.246" };
        // The engine carries one cluster's network at a time: the shared one has to go first.
        (await breakable.Cluster.DownAsync()).Succeeded();
        try
        {
            HashSet<string> clean = await HostTraces.TakeAsync();
            await cluster.InitializeAsync();
            Kubectl kubectl = await cluster.KubectlAsync();
            await kubectl.ApplyAsync(Manifests.Who("passing"));
            await kubectl.RunAsync("wait", "--for=jsonpath={.status.readyReplicas}=3", "rc/passing", "--timeout=60s");
            Assert.NotEmpty((await HostTraces.TakeAsync()).Except(clean));
            Assert.NotEmpty(await HostTraces.OfAClusterAsync(cluster.DataFolder));
            await cluster.DisposeAsync();
            // By name too: what every down forgot would be there before and after.
            Assert.Equal([], await HostTraces.OfAClusterAsync(cluster.DataFolder));
            // What others make and remove meanwhile comes and goes; what down leaves stays.
            await Poll.UntilEqualAsync("what is left", "", async () => string.Join('\n', (await HostTraces.TakeAsync()).Except(clean)), seconds: 20);
            // And what was there before is there still: Docker's rules.
            HashSet<string> after = await HostTraces.TakeAsync();
            Assert.Equal([], clean.Where(line => line.StartsWith("iptables ", StringComparison.Ordinal) && !after.Contains(line)));
            Assert.False(Directory.Exists(cluster.DataFolder), $"{cluster.DataFolder} is purged");
        }
        finally
        {
            (await breakable.Cluster.UpAsync()).Succeeded();
        }
    }
}

using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>Runs the tests of a node's proxies in a network of their own, so that nothing of the host's is changed.</summary>
public sealed class NodeTakeOverNamespaceTests
{
    [Fact]
    public async Task All_InANamespaceOfTheirOwn_Pass()
    {
        Machine.RequireCluster();
        Assert.SkipUnless(ForwardingNamespace.CanMake, "needs root, iproute2 and nsenter");
        using var ns = new ForwardingNamespace();
        var (total, failed, skipped, output) = await ns.RunAsync(typeof(NodeTakeOverTests), TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(total > 0 && failed == 0 && skipped == 0, output);
    }
}

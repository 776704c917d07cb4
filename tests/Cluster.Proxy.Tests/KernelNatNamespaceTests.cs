using Cluster.Testing;

namespace Cluster.Proxy.Tests;

/// <summary>Runs <see cref="KernelNatProxyTests"/> in a namespace that forwards, and has addresses for servers, whatever the host does.</summary>
public sealed class KernelNatNamespaceTests
{
    [Fact]
    public async Task All_InANamespaceThatForwards_Pass()
    {
        Assert.SkipUnless(ProxyRig.CanRun && ForwardingNamespace.CanMake, ProxyRig.WhyNot);
        using var ns = new ForwardingNamespace();
        var (total, failed, skipped, output) = await ns.RunAsync(typeof(KernelNatProxyTests), TestContext.Current.CancellationToken);
        Assert.True(total > 0 && failed == 0 && skipped == 0, output);
    }
}

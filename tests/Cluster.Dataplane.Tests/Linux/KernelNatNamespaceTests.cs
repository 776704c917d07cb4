using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Runs the tests of the kernel's address translation in a namespace that forwards, for hosts that don't.</summary>
[Collection(nameof(Alone))]
public sealed class KernelNatNamespaceTests
{
    [Fact]
    public async Task All_InANamespaceThatForwards_Pass()
    {
        Assert.SkipUnless(Shell.CanChangeHost && ForwardingNamespace.CanMake, Shell.WhyNot);
        Assert.SkipWhen(ForwardingNamespace.Forwards, "they run in this namespace by themselves");
        using var ns = new ForwardingNamespace();
        var (total, failed, skipped, output) = await ns.RunAsync(typeof(KernelNatTests), TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(total > 0 && failed == 0 && skipped == 0, output);
    }
}

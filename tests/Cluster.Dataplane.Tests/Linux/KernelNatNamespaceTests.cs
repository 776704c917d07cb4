using Cluster.Dataplane.Tests.Model;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Runs the tests of the kernel's address translation in a namespace that forwards, for hosts that don't.</summary>
[Collection(nameof(Alone))]
public sealed class KernelNatNamespaceTests
{
    [Fact]
    public async Task All_InANamespaceThatForwards_Pass()
    {
        Assert.SkipWhen(ForwardingNamespace.Forwards, "they run in this namespace by themselves");
        await PassAsync(typeof(KernelNatTests));
    }

    [Fact]
    public Task Transitions_InANamespaceThatForwards_AreAsTheModelSays() => PassAsync(typeof(KernelNatTransitionTests));

    private static async Task PassAsync(Type tests)
    {
        Assert.SkipUnless(Shell.CanChangeHost && ForwardingNamespace.CanMake, Shell.WhyNot);
        using var ns = new ForwardingNamespace();
        var (total, failed, skipped, output) = await ns.RunAsync(tests, TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(total > 0 && failed == 0 && skipped == 0, output);
    }
}

using Cluster.Dataplane.Tests.Model;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Runs the tests of the kernel's address translation in a namespace that forwards, whatever the host does.</summary>
[Collection(nameof(Alone))]
public sealed class KernelNatNamespaceTests
{
    [Fact]
    public Task All_InANamespaceThatForwards_Pass() => PassAsync(typeof(KernelNatTests));

    [Fact]
    public Task Changes_InANamespaceThatForwards_Pass() => PassAsync(typeof(KernelNatChangeTests));

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

namespace Cluster.Dataplane.Tests.Model;

/// <summary><see cref="TransitionModel"/> where the kernel translates addresses. Run by KernelNatNamespaceTests.</summary>
public sealed class KernelNatTransitionTests
{
    [Fact]
    public Task AnyTransitions_NewAndOldClients_MeetWhatTheTableSays() => new TransitionModel(ModelPath.Nftables).HoldAsync();
}

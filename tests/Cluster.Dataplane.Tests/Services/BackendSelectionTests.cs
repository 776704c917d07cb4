using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Services;

public sealed class BackendSelectionTests
{
    private static readonly Backend ReadyHere = Make.Backend(1, local: true);
    private static readonly Backend ReadyThere = Make.Backend(2);
    private static readonly Backend GoingHere = Make.Backend(3, BackendHealth.Terminating, local: true);
    private static readonly Backend NotReady = Make.Backend(4, BackendHealth.NotReady, local: true);

    [Fact]
    public void Usable_PolicyCluster_TakesReadyOfEveryNode() =>
        Assert.Equal([ReadyHere, ReadyThere], BackendSelection.Usable([ReadyHere, ReadyThere, GoingHere, NotReady], TrafficPolicy.Cluster));

    [Fact]
    public void Usable_PolicyLocal_TakesReadyOfThisNode() =>
        Assert.Equal([ReadyHere], BackendSelection.Usable([ReadyHere, ReadyThere, GoingHere, NotReady], TrafficPolicy.Local));

    [Fact]
    public void Usable_NoneReady_FallsBackToTerminating() =>
        Assert.Equal([GoingHere], BackendSelection.Usable([GoingHere, NotReady], TrafficPolicy.Cluster));

    [Fact]
    public void Usable_PolicyLocalWithReadyElsewhere_PrefersLocalTerminatingToNothing() =>
        Assert.Equal([GoingHere], BackendSelection.Usable([ReadyThere, GoingHere], TrafficPolicy.Local));

    [Fact]
    public void Usable_OnlyNotReady_IsEmpty() => Assert.Empty(BackendSelection.Usable([NotReady], TrafficPolicy.Cluster));
}

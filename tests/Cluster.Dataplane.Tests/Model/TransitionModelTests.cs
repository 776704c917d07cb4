namespace Cluster.Dataplane.Tests.Model;

/// <summary>What the table says is what a client meets, on every path: see <see cref="TransitionModel"/>.</summary>
public sealed class TransitionModelTests
{
    [Theory]
    [InlineData(ModelPath.Managed)]
    [InlineData(ModelPath.Loop)]
    [InlineData(ModelPath.Lookup)]
    [InlineData(ModelPath.Connect)]
    public Task AnyTransitions_NewAndOldClients_MeetWhatTheTableSays(ModelPath path) => new TransitionModel(path).HoldAsync();
}

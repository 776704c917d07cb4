using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Candidates;

/// <summary>Nothing in between: what client, backend and kernel can do here.</summary>
internal sealed class DirectCandidate() : Candidate("direct", "direct")
{
    public override RunningCandidate Start(Stage stage, Transport transport) => new(Name, new LoadTarget(stage.Backend, stage.Backend), stage.Plain, null);
}

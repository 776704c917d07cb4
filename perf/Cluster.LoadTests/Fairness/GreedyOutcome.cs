namespace Cluster.LoadTests.Fairness;

/// <summary>What became of a greedy client's requests.</summary>
/// <param name="Served">Answered as asked.</param>
/// <param name="Refused">Told to come back later (429).</param>
/// <param name="CutOff">Connections or requests that the server ended, or would not take.</param>
/// <param name="MostOpen">The most it had open at once: requests, bodies, connections or watches.</param>
internal sealed record GreedyOutcome(long Served, long Refused, long CutOff, int MostOpen)
{
    public static GreedyOutcome None { get; } = new(0, 0, 0, 0);
}

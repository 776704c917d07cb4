using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Failover;

/// <summary>What became of the datagrams of a candidate's clients: every round, and their medians.</summary>
internal sealed record DatagramResult(string Candidate, string Title, IReadOnlyList<DatagramSample> Rounds)
{
    public double Sent => Median(sample => sample.Sent);

    public double LostBefore => Median(sample => sample.LostBefore);

    public double Lost => Median(sample => sample.Lost);

    public double RedirectedMs => Median(sample => sample.RedirectedMs);

    private double Median(Func<DatagramSample, double> value) => Statistics.Median([.. Rounds.Select(value)]);
}

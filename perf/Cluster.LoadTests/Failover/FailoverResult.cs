using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Failover;

/// <summary>What clients of a candidate met: every round, and their medians.</summary>
internal sealed record FailoverResult(string Candidate, string Title, IReadOnlyList<FailoverSample> Rounds)
{
    public double FailedConnects => Median(sample => sample.FailedConnects);

    public double FailedRequests => Median(sample => sample.FailedRequests);

    public double UnderWay => Median(sample => sample.UnderWay);

    public double LastFailureMs => Median(sample => sample.LastFailureMs);

    public double LongestGapMs => Median(sample => sample.LongestGapMs);

    public double SlowestMs => Median(sample => sample.SlowestMs);

    public double Slow => Median(sample => sample.Slow);

    private double Median(Func<FailoverSample, double> value) => Statistics.Median([.. Rounds.Select(value)]);
}

using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Start;

/// <summary>What a program took for a file of a size: every round, and their medians.</summary>
internal sealed record StartResult(string Candidate, int Services, int BackendsPerService, double FileMb, IReadOnlyList<StartSample> Rounds)
{
    public double FirstReplyMs => Median(sample => sample.FirstReplyMs);

    public double ResidentMb => Median(sample => sample.ResidentMb);

    public double CpuMs => Median(sample => sample.CpuMs);

    public double ChangeMs => Median(sample => sample.ChangeMs);

    public double AfterListMs => Median(sample => sample.AfterListMs);

    private double Median(Func<StartSample, double> value) => Statistics.Median([.. Rounds.Select(value)]);
}

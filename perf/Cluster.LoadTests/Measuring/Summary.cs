using Cluster.LoadTests.Candidates;

namespace Cluster.LoadTests.Measuring;

/// <summary>One work of one candidate over all rounds: medians, and ratios of medians.</summary>
/// <param name="ToDirect">Ratio of the value to that of direct.</param>
/// <param name="ToPeer">Ratio of the value to that of HAProxy; to nginx where HAProxy does not do the work.</param>
/// <param name="CpuToPeer">Ratio of the CPU per operation to the same peer's.</param>
internal sealed record Summary(
    string Work,
    string Unit,
    string Candidate,
    int Rounds,
    double? Value,
    double? Least,
    double? Most,
    double? CpuPerOperation,
    double? ToDirect,
    double? ToPeer,
    double? CpuToPeer,
    double? ProxyCoreBusy,
    double? LoadBusy,
    double? BothCoresPerOperation,
    double? SoftirqPerOperation,
    double? P50Microseconds,
    long Failures)
{
    /// <summary>Summaries in the order of works and candidates; those without a sample are left out.</summary>
    public static IReadOnlyList<Summary> Of(IReadOnlyList<Sample> samples, IReadOnlyList<Work> works, IReadOnlyList<string> candidates) =>
        [.. works.SelectMany(work => OfWork(work, [.. samples.Where(sample => sample.Work == work.Name)], candidates))];

    private static IEnumerable<Summary> OfWork(Work work, IReadOnlyList<Sample> samples, IReadOnlyList<string> candidates)
    {
        List<Summary> own = [.. candidates.Where(name => samples.Any(sample => sample.Candidate == name))
            .Select(name => Alone(work, name, [.. samples.Where(sample => sample.Candidate == name)]))];
        Summary? direct = own.Find(summary => summary.Candidate == CandidateList.Direct);
        Summary? peer = own.Find(summary => summary.Candidate == (work.Transport == Transport.Tcp ? CandidateList.Haproxy : CandidateList.Nginx));
        return own.Select(summary => summary with
        {
            ToDirect = Statistics.Ratio(summary.Value, direct?.Value),
            ToPeer = Statistics.Ratio(summary.Value, peer?.Value),
            CpuToPeer = Statistics.Ratio(summary.CpuPerOperation, peer?.CpuPerOperation),
        });
    }

    private static Summary Alone(Work work, string candidate, IReadOnlyList<Sample> samples) => new(
        work.Name,
        work.Unit,
        candidate,
        samples.Count,
        Median(samples, sample => sample.Value),
        samples.Min(sample => sample.Value),
        samples.Max(sample => sample.Value),
        Median(samples, sample => sample.CpuPerOperation),
        null,
        null,
        null,
        Median(samples, sample => sample.ProxyCoreBusy),
        Median(samples, sample => sample.LoadBusy),
        Median(samples, sample => sample.BothCoresPerOperation),
        Median(samples, sample => sample.SoftirqPerOperation),
        Median(samples, sample => sample.P50Microseconds),
        samples.Sum(sample => sample.Failures));

    private static double? Median(IReadOnlyList<Sample> samples, Func<Sample, double?> of)
    {
        double[] values = [.. samples.Select(of).OfType<double>()];
        return values.Length == 0 ? null : Statistics.Median(values);
    }
}

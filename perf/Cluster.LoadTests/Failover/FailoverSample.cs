using System.Diagnostics;

namespace Cluster.LoadTests.Failover;

/// <summary>What clients met in one round from the moment on in which a backend was killed.</summary>
/// <param name="Requests">That ended after it.</param>
/// <param name="UnderWay">Requests under way in that moment, on all three backends.</param>
/// <param name="FailedConnects">See <see cref="FailoverOutcome.ConnectFailed"/>.</param>
/// <param name="FailedRequests">See <see cref="FailoverOutcome.RequestFailed"/>.</param>
/// <param name="LastFailureMs">Until the request that failed last had begun, from the kill; 0 where none failed, or those under way alone: a request begun later was answered.</param>
/// <param name="LongestGapMs">The longest time without any answer.</param>
/// <param name="SlowestMs">The longest that an answer took.</param>
/// <param name="Slow">Answers that took more than 100 ms.</param>
internal sealed record FailoverSample(
    int Requests, int UnderWay, int FailedConnects, int FailedRequests, double LastFailureMs, double LongestGapMs, double SlowestMs, int Slow)
{
    private const double SlowMs = 100;

    /// <param name="ends">All that ended, in the order of their ends.</param>
    /// <param name="killed">When the backend was killed.</param>
    /// <param name="paused">When the last request was begun: what ends later is waited for, and no gap.</param>
    /// <param name="underWay">See above.</param>
    public static FailoverSample Of(IEnumerable<FailoverEnd> ends, long killed, long paused, int underWay)
    {
        List<FailoverEnd> after = [.. ends.Where(end => end.Ended >= killed)];
        List<FailoverEnd> answered = [.. after.Where(end => end.Outcome == FailoverOutcome.Answered)];
        List<FailoverEnd> failed = [.. after.Where(end => end.Outcome != FailoverOutcome.Answered)];
        List<double> took = [.. answered.Select(end => Ms(end.Ended - end.Began))];
        return new FailoverSample(
            after.Count,
            underWay,
            failed.Count(end => end.Outcome == FailoverOutcome.ConnectFailed),
            failed.Count(end => end.Outcome == FailoverOutcome.RequestFailed),
            failed.Count == 0 ? 0 : Math.Max(0, Ms(failed.Max(end => end.Began) - killed)),
            LongestGap(answered, killed, paused),
            took.Count == 0 ? 0 : took.Max(),
            took.Count(ms => ms > SlowMs));
    }

    private static double LongestGap(List<FailoverEnd> answered, long killed, long paused)
    {
        long last = killed, longest = 0;
        foreach (long ended in answered.Select(end => end.Ended).Where(ended => ended <= paused).Append(paused))
        {
            longest = Math.Max(longest, ended - last);
            last = ended;
        }

        return Ms(longest);
    }

    private static double Ms(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;
}

namespace Cluster.LoadTests.Fairness;

/// <summary>One measurement: what the quiet client met while a greedy one, or nobody, was there.</summary>
/// <param name="Load">The greedy client's name; <c>none</c>: nobody.</param>
/// <param name="Requests">Of the quiet client.</param>
/// <param name="Failures">Those of it that were refused or cut off.</param>
/// <param name="Greedy">What became of the greedy one's own.</param>
/// <param name="ServerBusy">The server's share of its core.</param>
/// <param name="ResidentMb">The server's own memory at the end, without mapped files.</param>
internal sealed record FairnessSample(
    int Round, string Load, int Requests, int Failures, double GetP50Ms, double GetP99Ms, double GetMaxMs, double CreateP50Ms, double CreateP99Ms, double CreateMaxMs,
    GreedyOutcome Greedy, double ServerBusy, double ResidentMb);

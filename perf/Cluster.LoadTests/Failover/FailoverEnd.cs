namespace Cluster.LoadTests.Failover;

/// <summary>The end of a request; times are timestamps of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
/// <param name="Began">When it was due.</param>
/// <param name="Ended">When its outcome was known.</param>
/// <param name="Outcome">What that was.</param>
internal readonly record struct FailoverEnd(long Began, long Ended, FailoverOutcome Outcome);

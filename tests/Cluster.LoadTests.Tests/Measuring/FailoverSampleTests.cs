using System.Diagnostics;
using Cluster.LoadTests.Failover;

namespace Cluster.LoadTests.Tests.Measuring;

public sealed class FailoverSampleTests
{
    private const int Killed = 1000;
    private const int Paused = 2000;

    [Fact]
    public void Of_WhatEndedBeforeTheKill_DoesNotCount()
    {
        var sample = FailoverSample.Of([End(900, 990, FailoverOutcome.RequestFailed), End(995, 1005)], At(Killed), At(Paused), 1);
        Assert.Equal((1, 1, 0, 0), (sample.Requests, sample.UnderWay, sample.FailedConnects, sample.FailedRequests));
        Assert.Equal(0, sample.LastFailureMs);
    }

    [Fact]
    public void Of_Failures_TellsKindsAndWhenTheLastHadBegun()
    {
        var sample = FailoverSample.Of(
            [End(990, 1001, FailoverOutcome.RequestFailed), End(1040, 1041, FailoverOutcome.ConnectFailed), End(1500, 1505)], At(Killed), At(Paused), 1);
        Assert.Equal((3, 1, 1), (sample.Requests, sample.FailedConnects, sample.FailedRequests));
        Assert.Equal(40, sample.LastFailureMs, 6);
    }

    [Fact]
    public void Of_Answers_TellsTheSlowestAndTheLongestTimeWithoutOne()
    {
        // The last one is waited for after the load has paused: slow, but no gap.
        var sample = FailoverSample.Of([End(990, 1010), End(1200, 1210), End(1000, 1500), End(1990, 2600)], At(Killed), At(Paused), 1);
        Assert.Equal((500, 610, 2), (Math.Round(sample.LongestGapMs), Math.Round(sample.SlowestMs), sample.Slow));
    }

    private static FailoverEnd End(int began, int ended, FailoverOutcome outcome = FailoverOutcome.Answered) => new(At(began), At(ended), outcome);

    private static long At(int ms) => ms * Stopwatch.Frequency / 1000;
}

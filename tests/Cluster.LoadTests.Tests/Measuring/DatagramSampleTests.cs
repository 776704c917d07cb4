using System.Diagnostics;
using Cluster.LoadTests.Failover;

namespace Cluster.LoadTests.Tests.Measuring;

public sealed class DatagramSampleTests
{
    [Fact]
    public void Of_LostOnes_AreCountedBeforeAndAfterAndTheLastIsTold()
    {
        var sample = DatagramSample.Of([At(0), At(5), At(10), At(20), At(30), At(40)], [true, false, false, true, false, true], At(10));
        Assert.Equal((4, 1, 2), (sample.Sent, sample.LostBefore, sample.Lost));
        Assert.Equal(20, sample.RedirectedMs, 6);
    }

    [Fact]
    public void Of_NothingLost_IsRedirectedAtOnce() => Assert.Equal(new DatagramSample(2, 0, 0, 0), DatagramSample.Of([At(0), At(10), At(11)], [true, true, true], At(10)));

    private static long At(int ms) => (ms + 1000) * Stopwatch.Frequency / 1000;
}

using System.Net;
using System.Net.Sockets;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Tests.Loads;

/// <summary>Each load over loopback with nothing in between.</summary>
public sealed class LoadTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly StopSignal _stop = new();
    private readonly LoadLoop _loop;
    private readonly LoadTarget _target = Free();

    public LoadTests() => _loop = new LoadLoop(_stop);

    [Fact]
    public void KeepAlive_OverLoopback_CountsRequests() => Reaches(1000, new KeepAliveLoad(_loop, _target, 4));

    [Fact]
    public void Connection_OverLoopback_CountsConnections() => Reaches(200, new ConnectionLoad(_loop, _target, 4));

    [Fact]
    public void Bulk_OverLoopback_CountsBytes() => Reaches(10_000_000, new BulkLoad(_loop, _target, 2));

    [Fact]
    public void UdpEcho_OverLoopback_CountsRoundTrips() => Reaches(1000, new UdpEchoLoad(_loop, _target, 4));

    [Fact]
    public void UdpOneWay_OverLoopback_CountsDatagrams() => Reaches(1000, new UdpOneWayLoad(_loop, _target, 4));

    [Fact]
    public void Idle_OverLoopback_CompletesWhenAllAreAnswered()
    {
        using var load = new IdleLoad(_loop, _target) { Connections = 100 };
        load.Open();
        Assert.True(_loop.RunUntil(() => load.IsComplete, Limit));
        Assert.Equal(100, load.Operations);
    }

    [Fact]
    public void Paced_OverLoopback_RecordsALatencyForEachRequest()
    {
        using var load = new PacedLoad(_loop, _target, 4, 1000);
        load.Open();
        Assert.True(_loop.RunUntil(() => load.IsDrained, Limit));
        load.Resume();
        Assert.True(_loop.RunUntil(() => load.Operations >= 50, Limit));
        load.Pause();
        Assert.True(_loop.RunUntil(() => load.IsDrained, Limit));
        Assert.Equal(load.Operations, load.Latencies.Count);
        Assert.True(load.Latencies.Microseconds(99) >= load.Latencies.Microseconds(50));
    }

    [Fact]
    public void Run_AfterStopWasRequested_Throws()
    {
        _stop.Request();
        Assert.Throws<OperationCanceledException>(() => _loop.Run(Limit));
    }

    [Fact]
    public void KeepAlive_WithoutAnyoneThere_CountsFailures()
    {
        using var load = new KeepAliveLoad(_loop, _target with { Entry = Free().Entry }, 2);
        load.Open();
        _loop.Run(TimeSpan.FromMilliseconds(20));
        Assert.Equal(0, load.Operations);
        Assert.True(load.Failures >= 2);
    }

    public void Dispose()
    {
        _loop.Dispose();
        _stop.Dispose();
    }

    private void Reaches(long operations, Load load)
    {
        using (load)
        {
            load.Open();
            Assert.True(_loop.RunUntil(() => load.Operations >= operations, Limit), $"{load.Operations} of {operations}");
            Assert.Equal(0, load.Failures);
        }
    }

    // Free for TCP, below the range the kernel gives out by itself, and so for UDP as a rule.
    private static LoadTarget Free()
    {
        while (true)
        {
            var place = new IPEndPoint(IPAddress.Loopback, Random.Shared.Next(12_000, 30_000));
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(place);
                return new LoadTarget(place, place);
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }
}

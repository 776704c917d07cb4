using System.Diagnostics;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>Clients and backends that come and go for a while: in the end nothing of them is left. Descriptors and memory are the process's.</summary>
[Collection(nameof(Alone))]
public sealed class UdpChurnTests
{
    private const int Lanes = 40;
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(300);

    // As of TCP's churn: more than a test run has time for, for those who ask.
    private static readonly TimeSpan ChurnTime = TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("CLUSTER_SOAK_SECONDS"), out var seconds) ? seconds : 2);

    public static TheoryData<UdpPath, UdpMode> Ways { get; } = new(
        from path in Enum.GetValues<UdpPath>()
        from mode in Enum.GetValues<UdpMode>()
        select (path, mode));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Relay_Churn_LeavesNothingBehind(UdpPath path, UdpMode mode)
    {
        var received = 0L;
        await using var a = new UdpBackend("a") { Answers = mode == UdpMode.OneWay ? 0 : 1, Received = _ => Interlocked.Increment(ref received) };
        await using var b = new UdpBackend("b") { Answers = mode == UdpMode.OneWay ? 0 : 1, Received = _ => Interlocked.Increment(ref received) };
        await using var rig = new UdpRelayRig(path, new UdpSetup { Mode = mode, IdleTimeout = Silence, Options = new UdpRelayOptions { IdleTimeout = Silence, AnswerTimeout = Silence } }, a, b);
        await ChurnAsync(rig, a, b, mode, ChurnTime / 4);
        await Eventually.True(() => rig.Relay.Active == 0, "every flow to end");
        var (descriptors, memory) = (NoDescriptors.Count, GC.GetTotalMemory(forceFullCollection: true));
        var clients = await ChurnAsync(rig, a, b, mode, ChurnTime);

        Assert.InRange(Interlocked.Read(ref received), clients / 2, long.MaxValue);
        await Eventually.True(() => rig.Relay.Active == 0, "every flow to end");
        await Eventually.True(() => rig.Directory.Current.Entries.Single().Backends.ToArray().Sum(backend => backend.State.Active) == 0, "every backend to be left");
        await Eventually.True(() => NoDescriptors.Count < descriptors + 20, "descriptors to be closed");
        // Pools fill up to what was in use at once, and the test's own sockets go when they are collected.
        await Eventually.True(() => GC.GetTotalMemory(forceFullCollection: true) < memory + (8 << 20), "memory to be given back");
    }

    // Returns how many clients there were.
    private static async Task<int> ChurnAsync(UdpRelayRig rig, UdpBackend a, UdpBackend b, UdpMode mode, TimeSpan time)
    {
        var started = Stopwatch.GetTimestamp();
        var clients = 0;
        var lanes = Enumerable.Range(0, Lanes).Select(async lane =>
        {
            var random = new Random(lane);
            while (Stopwatch.GetElapsedTime(started) < time)
            {
                using var client = rig.Connect();
                for (var datagrams = random.Next(1, 4); datagrams > 0; datagrams--) await SpeakAsync(client, mode, random.Next(1, 1400));
                Interlocked.Increment(ref clients);
            }
        });
        var all = Task.WhenAll(lanes);
        for (var turn = 0; !all.IsCompleted; turn++)
        {
            // In turn one of them alone, and both.
            rig.SetBackends(turn % 2 == 0 ? [a, b] : turn % 4 == 1 ? [a] : [b]);
            await Task.WhenAny(all, Task.Delay(50));
        }

        await all;
        rig.SetBackends(a, b);
        return clients;
    }

    // Whoever's backend goes while it waits asks again, as such clients do.
    private static Task SpeakAsync(Socket client, UdpMode mode, int bytes) => Eventually.True(async () =>
    {
        var datagram = new byte[bytes];
        await client.SendAsync(datagram);
        if (mode == UdpMode.OneWay)
        {
            // Nobody tells such a client when it is too fast.
            await Task.Delay(2);
            return true;
        }

        using var patience = new CancellationTokenSource(Silence);
        try
        {
            return await client.ReceiveAsync(new byte[2000], patience.Token) == bytes + 2;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }, "an answer");
}

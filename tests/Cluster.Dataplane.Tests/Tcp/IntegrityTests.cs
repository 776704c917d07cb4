using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>Thousands of connections of random behaviour, compared byte for byte on both sides.</summary>
public abstract class IntegrityTests(Func<IPEndPoint[], IConversationRig> makeRig)
{
    private const int AtOnce = 100;
    private const int DistinctInChurn = 4000;

    // More than a test run has time for, for those who ask.
    private static readonly int Connections =
        int.TryParse(Environment.GetEnvironmentVariable("CLUSTER_INTEGRITY_CONNECTIONS"), out var asked) ? asked : 4000;

    private static readonly TimeSpan ChurnTime = TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("CLUSTER_SOAK_SECONDS"), out var seconds) ? seconds : 4);

    private readonly ConcurrentDictionary<int, bool> _backendSaw = new();

    [Fact]
    public async Task Relay_RandomConversations_LosesAndChangesNoByte()
    {
        await using var a = new TcpBackend(ServeAsync);
        await using var b = new TcpBackend(ServeAsync);
        var descriptors = OpenDescriptors();
        await using (var rig = makeRig([a.EndPoint, b.EndPoint]))
        {
            var failures = new ConcurrentBag<string>();
            await Parallel.ForEachAsync(Enumerable.Range(0, Connections), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) =>
            {
                if (await RunAsync(rig, new Conversation(number)) is { } failure) failures.Add($"{new Conversation(number)}: {failure}");
            });
            Assert.Equal("", string.Join("; ", failures));
            await Eventually.True(() => _backendSaw.Count == Connections, "every backend side to end");
            Assert.Empty(_backendSaw.Where(pair => !pair.Value).Select(pair => new Conversation(pair.Key)));
            await Eventually.True(() => rig.ActiveConnections == 0, "every connection to end");
            // An attempt to connect that failed under this load has had its turn too.
            Assert.Equal(Connections / 2, a.Accepted, Connections / 2 * 0.05);
        }

        // Every socket of all connections is closed again; a few descriptors may belong to the runtime.
        await Eventually.True(() => OpenDescriptors() < descriptors + 20, "descriptors to be closed");
    }

    [Fact]
    public async Task Relay_Churn_LeavesNothingBehind()
    {
        await using var backend = new TcpBackend(ServeAsync);
        await using var rig = makeRig([backend.EndPoint]);
        await ChurnAsync(rig, ChurnTime / 4);
        var (descriptors, memory) = (OpenDescriptors(), GC.GetTotalMemory(forceFullCollection: true));
        await ChurnAsync(rig, ChurnTime);

        await Eventually.True(() => rig.ActiveConnections == 0, "every connection to end");
        Assert.Equal(0, rig.BackendConnections);
        await Eventually.True(() => OpenDescriptors() < descriptors + 20, "descriptors to be closed");
        // Pools fill up to what was in use at once, and the test's own sockets go when they are collected.
        await Eventually.True(() => GC.GetTotalMemory(forceFullCollection: true) < memory + (8 << 20), "memory to be given back");
    }

    private static async Task ChurnAsync(IConversationRig rig, TimeSpan time)
    {
        var started = Stopwatch.GetTimestamp();
        var failures = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(Enumerable.Range(0, AtOnce), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (lane, _) =>
        {
            // The same conversations over and over: the test itself remembers each but once.
            for (var number = lane; Stopwatch.GetElapsedTime(started) < time; number = (number + AtOnce) % DistinctInChurn)
                if (await RunAsync(rig, new Conversation(number)) is { } failure) failures.Add($"{new Conversation(number)}: {failure}");
        });
        Assert.Equal("", string.Join("; ", failures));
    }

    private async Task ServeAsync(Socket socket)
    {
        var header = new byte[4];
        if (await socket.ReceiveAsync(header) != header.Length) return;
        var number = BitConverter.ToInt32(header);
        var plan = new Conversation(number);
        var saw = false;
        try
        {
            saw = await plan.PlayBackendAsync(socket);
        }
        catch (SocketException exception)
        {
            saw = plan.End == ConversationEnd.ClientResets && exception.SocketErrorCode == SocketError.ConnectionReset;
        }
        finally
        {
            _backendSaw[number] = saw;
        }
    }

    private static async Task<string?> RunAsync(IConversationRig rig, Conversation plan)
    {
        try
        {
            using var client = await rig.ConnectAsync();
            await client.SendAllAsync(BitConverter.GetBytes(plan.Number));
            return await plan.PlayClientAsync(client) ? null : "bytes differ";
        }
        catch (SocketException exception)
        {
            return plan.End == ConversationEnd.BackendResets && exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown
                ? null
                : exception.SocketErrorCode.ToString();
        }
        catch (OperationCanceledException)
        {
            return "hung";
        }
    }

    // Not files: the runtime keeps two descriptors for each assembly that is loaded meanwhile.
    private static int OpenDescriptors() => Directory.GetFiles("/proc/self/fd").Count(path => new FileInfo(path).LinkTarget is { } target && !target.StartsWith('/'));
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>
/// Random changes of services, endpoints and pods, and after each, over real sockets, new clients and those that were there before, held to a
/// model of a few lines. CLUSTER_MODEL_SECONDS says how long each path is tried, CLUSTER_MODEL_SEED where it begins.
/// </summary>
internal sealed class TransitionModel(ModelPath path)
{
    private const int NewClients = 3;
    private const int RestartEvery = 25;
    private const int LeastSteps = 10;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("CLUSTER_MODEL_SECONDS") ?? "4", CultureInfo.InvariantCulture));
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("CLUSTER_MODEL_SEED") ?? "1", CultureInfo.InvariantCulture);

    private readonly ConcurrentDictionary<IPAddress, ModelWatch> _watches = [];
    private readonly ModelReceipts _receipts = new();

    /// <summary>Fails at the first client that meets what the table does not say.</summary>
    public async Task HoldAsync()
    {
        Assert.SkipWhen(ModelNode.WhyNot(path) is not null, ModelNode.WhyNot(path) ?? "");
        var random = new Random(Seed);
        await using var node = new ModelNode(path);
        await node.StartAsync();
        await using var world = new ModelWorld(node, _receipts, random);
        var steps = 0;
        for (long began = Stopwatch.GetTimestamp(); steps < LeastSteps || Stopwatch.GetElapsedTime(began) < Limit; steps++)
        {
            var restarts = random.Next(RestartEvery) == 0;
            if (restarts) await world.RestartAsync();
            else await world.ChangeAsync();
            var checks = Enumerable.Range(0, world.Services.Count).Select(i => CheckAsync(world.Services[i], node, i, restarts)).ToArray();
            foreach (var wrong in (await Task.WhenAll(checks)).OfType<string>())
                Assert.Fail($"seed {Seed}, step {steps}, {path}: {wrong}\n{string.Join('\n', world.History.TakeLast(30))}");
        }

        foreach (var watch in _watches.Values) watch.Dispose();
        TestContext.Current.TestOutputHelper?.WriteLine($"{path}: {steps} steps");
    }

    // What is wrong, or null.
    private async Task<string?> CheckAsync(ModelService? service, ModelNode node, int index, bool restarted)
    {
        var watch = _watches.GetOrAdd(node.ServiceAddress(index), address => new ModelWatch(address, _receipts, node.RemembersClientsOfAll));
        return await watch.CheckOldAsync(service, restarted) ?? await watch.CheckNewAsync(service, NewClients);
    }
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Scheduler.Tests;

/// <summary>Against the real API server, as the scheduler's own identity, on both stores.</summary>
public sealed class SchedulerOnServerTests
{
    private const int Nodes = 10;
    private const int PodsANode = 4;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_TwoSchedulersAtOnce_AllThatFitsIsBoundAndTheRestSaysWhy(bool onEtcd)
    {
        Assert.SkipWhen(onEtcd && EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        await using var rig = await ServerRig.StartAsync(onEtcd, Cancel);
        for (var i = 0; i < Nodes; i++)
            await CreateNodeAsync(rig.Admin, $"n{i}");
        using var stop = new CancellationTokenSource();
        var running = Enumerable.Range(0, 2).Select(_ => RunAsync(rig.Scheduler(), stop.Token)).ToArray();

        for (var i = 0; i < Nodes * PodsANode + 1; i++)
            await rig.Admin.CreateAsync(NewPod($"p{i}"), Cancel);

        await Eventually.True(async () => (await PodsAsync(rig)).Count(pod => pod.IsScheduled()) == Nodes * PodsANode, "bindings", Patience);
        await Eventually.True(async () => (await PodsAsync(rig)).Single(pod => !pod.IsScheduled()).GetCondition("PodScheduled") is not null, "condition", Patience);
        await Eventually.True(async () => (await EventsAsync(rig)).Exists(e => e.Reason == "Scheduled"), "event", Patience);
        var pods = await PodsAsync(rig);
        Assert.All(pods.Where(pod => pod.IsScheduled()).GroupBy(pod => pod.Spec.NodeName), node => Assert.Equal(PodsANode, node.Count()));
        var condition = pods.Single(pod => !pod.IsScheduled()).GetCondition("PodScheduled")!;
        Assert.Equal(("False", "Unschedulable", $"0/{Nodes} nodes are available: {Nodes} Insufficient cpu."), (condition.Status, condition.Reason, condition.Message));

        await stop.CancelAsync();
        await Task.WhenAll(running);
    }

    private static async Task RunAsync(IApiClient client, CancellationToken stop)
    {
        using (client as IDisposable)
            await new Scheduler(client, new SchedulerOptions(), NullLoggerFactory.Instance, TimeProvider.System).RunAsync(stop);
    }

    private static async Task CreateNodeAsync(IApiClient client, string name)
    {
        var node = A.Node(name, cpu: $"{PodsANode}");
        var created = await client.CreateAsync(node, Cancel);
        created.Status = node.Status;
        await client.UpdateStatusAsync(created, Cancel);
    }

    private static Pod NewPod(string name)
    {
        var pod = A.Pod(name, cpu: "1");
        pod.Metadata.Uid = "";
        pod.Spec.Containers[0].Image = "none";
        return pod;
    }

    private static async Task<List<Pod>> PodsAsync(ServerRig rig) => [.. (await rig.Admin.ListAsync<Pod>("default", ListQuery.All, Cancel)).Items];

    private static async Task<List<Event>> EventsAsync(ServerRig rig) => [.. (await rig.Admin.ListAsync<Event>("default", ListQuery.All, Cancel)).Items];
}

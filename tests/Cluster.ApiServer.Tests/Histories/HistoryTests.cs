using System.Globalization;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Histories;

/// <summary>
/// Whatever happens between them, clients that list and watch are told of every change once and in order: random writes through two servers,
/// clients that hang up and go on elsewhere over either transport, servers that end and start, compaction, an etcd that is killed.
/// </summary>
/// <remarks>CLUSTER_HISTORY_WRITES makes it longer, CLUSTER_HISTORY_SEED another one.</remarks>
public sealed class HistoryTests : IDisposable
{
    internal const string Last = "last";
    internal static readonly string[] Namespaces = ["one", "two"];
    internal static readonly string[] Labels = ["web", "db"];

    private const int Clients = 12;
    private const int WritesPerTrouble = 25;
    private static readonly int Writes = FromEnvironment("CLUSTER_HISTORY_WRITES", 400);
    private static readonly int Seed = FromEnvironment("CLUSTER_HISTORY_SEED", 1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120 + Writes / 5);

    private readonly Random _random = new(Seed);

    // A writer holds one, whoever troubles the servers holds both: every write has a known outcome, and none waits for a server.
    private readonly SemaphoreSlim _quiet = new(2);

    public void Dispose() => _quiet.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ListAndWatch_UnderRandomTrouble_LoseRepeatAndReorderNothing(bool onEtcd)
    {
        Assert.SkipWhen(onEtcd && EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(Patience);
        await using var servers = await HistoryServers.StartAsync(onEtcd);
        foreach (var ns in Namespaces)
            await servers.Clients[0].CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = ns } }, stop.Token);

        var history = new History();
        var clients = Enumerable.Range(0, Clients).Select(i => Client(servers, i)).ToList();
        var watching = clients.ConvertAll(client => Task.Run(() => client.RunAsync(stop.Token)));
        var writers = new[] { "a", "b" }.Select((name, i) => new HistoryWriter(name, servers.Writers, servers.Audit, history, Seed * 100 + i)).ToList();
        var writing = writers.ConvertAll(writer => Task.Run(() => WriteAsync(writer, stop.Token)));
        writing.Add(Task.Run(() => TroubleAsync(servers, history, stop.Token)));
        await AllAsync(writing, stop);
        await writers[0].EndAsync(stop.Token);
        await AllAsync(watching, stop);

        Assert.All(clients, client => Assert.Null(history.Judge(client.Scope, client.Told)));
        TestContext.Current.SendDiagnosticMessage(
            $"{history.Count} writes, {clients.Sum(client => client.Told.Count)} observations, {clients.Sum(client => client.Reconnects)} watches, {clients.Sum(client => client.TooOld)} times too old");
        // It was a bad day for all of them.
        Assert.All(clients, client => Assert.True(client.Reconnects > 3, $"a client watched {client.Reconnects} times"));
        Assert.True(clients.Sum(client => client.TooOld) > 0, "no client was ever too old");
    }

    // The first failure ends the others: they may wait for what will not come.
    private static async Task AllAsync(List<Task> tasks, CancellationTokenSource stop)
    {
        await foreach (var ended in Task.WhenEach(tasks))
        {
            if (ended.IsFaulted)
                await stop.CancelAsync();
            await ended;
        }
    }

    private static HistoryClient Client(HistoryServers servers, int index)
    {
        var scope = new Scope(index % 3 == 0 ? null : Namespaces[index % 2], index % 4 < 2 ? null : Labels[0]);
        var last = Namespaces.Where(ns => scope.Namespace is null || scope.Namespace == ns).Select(ns => $"{ns}/{Last}");
        return new HistoryClient(servers.Clients, scope, [.. last], Seed * 1000 + index);
    }

    private async Task WriteAsync(HistoryWriter writer, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Writes / 2; i++)
        {
            await _quiet.WaitAsync(cancellationToken);
            try
            {
                await writer.WriteAsync(cancellationToken);
            }
            finally
            {
                _quiet.Release();
            }
        }
    }

    private async Task TroubleAsync(HistoryServers servers, History history, CancellationToken cancellationToken)
    {
        var killed = !servers.HasEtcd;
        for (var at = WritesPerTrouble; at < Writes; at += WritesPerTrouble)
        {
            while (history.Count < at)
                await Task.Delay(5, cancellationToken);
            await _quiet.WaitAsync(cancellationToken);
            await _quiet.WaitAsync(cancellationToken);
            try
            {
                await MakeTroubleAsync(servers, !killed && at > Writes / 2, cancellationToken);
                killed |= at > Writes / 2;
            }
            finally
            {
                _quiet.Release(2);
            }
        }
    }

    private async Task MakeTroubleAsync(HistoryServers servers, bool kill, CancellationToken cancellationToken)
    {
        if (kill)
        {
            await servers.RestartEtcdAsync();
            return;
        }

        var now = await servers.Audit.GetRevisionAsync(cancellationToken);
        switch (_random.Next(3))
        {
            case 0:
                await servers.Audit.CompactAsync(now - _random.Next(20), cancellationToken);
                break;
            case 1:
                // Its caches then begin now: who was behind is too old for it.
                await servers.Audit.CompactAsync(now, cancellationToken);
                await servers.RestartAsync(_random.Next(2));
                break;
            default:
                await servers.RestartAsync(_random.Next(2));
                break;
        }
    }

    private static int FromEnvironment(string name, int otherwise) =>
        int.Parse(Environment.GetEnvironmentVariable(name) ?? $"{otherwise}", CultureInfo.InvariantCulture);
}

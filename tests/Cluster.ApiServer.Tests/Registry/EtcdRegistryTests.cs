using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Registry;
using Cluster.Storage;
using Cluster.Storage.Etcd;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Registry;

/// <summary>Two API servers on one real etcd.</summary>
public sealed class EtcdRegistryTests : IAsyncLifetime
{
    private EtcdProcess? _etcd;
    private EtcdStore _firstStore = null!;
    private EtcdStore _secondStore = null!;
    private RegistryHost _first = null!;
    private RegistryHost _second = null!;

    public async ValueTask InitializeAsync()
    {
        if (EtcdProcess.Missing is { } why)
            Assert.Skip(why);

        _etcd = await EtcdProcess.StartNewAsync();
        _firstStore = await ConnectAsync(_etcd);
        _secondStore = await ConnectAsync(_etcd);
        _first = await RegistryRig.HostOn(_firstStore);
        _second = await RegistryRig.HostOn(_secondStore);
    }

    public async ValueTask DisposeAsync()
    {
        if (_etcd is null)
            return;

        await _second.DisposeAsync();
        await _first.DisposeAsync();
        await _secondStore.DisposeAsync();
        await _firstStore.DisposeAsync();
        await _etcd.DisposeAsync();
    }

    [Fact]
    public async Task Get_OnTheOtherServer_SeesAnAcknowledgedWrite()
    {
        for (var i = 0; i < 30; i++)
        {
            await _first.Registry.CreateAsync(RegistryRig.Scope<ConfigMap>(), RegistryRig.ConfigMap($"m{i}"), default);
            await _second.Registry.GetAsync(RegistryRig.Scope<ConfigMap>($"m{i}"), "", default);
        }

        var list = await _second.Registry.ListAsync(RegistryRig.Scope<ConfigMap>(), new ListOptions { Limit = 10 }, default);
        var next = await _second.Registry.ListAsync(RegistryRig.Scope<ConfigMap>(), new ListOptions { Limit = 10, Continue = list.Continue }, default);
        Assert.Equal(30, 10 + list.RemainingItemCount);
        Assert.Equal(10, next.Items.Count);
        Assert.Equal(list.Revision, next.Revision);
    }

    [Fact]
    public async Task Watch_OnTheOtherServer_SeesEveryChange()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var watch = await _second.Registry.WatchAsync(RegistryRig.Scope<ConfigMap>(), new ListOptions(), default);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
                await _first.Registry.CreateAsync(RegistryRig.Scope<ConfigMap>(), RegistryRig.ConfigMap($"m{i}"), default);
        });
        List<string> seen = [];
        await foreach (var batch in watch.ReadAsync(patience.Token))
        {
            seen.AddRange(batch.Select(change => ((IApiObject)change.Object.Message).Metadata.Name));
            if (seen.Count >= 100)
                break;
        }

        await writing;
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"m{i}"), seen);
    }

    [Fact]
    public async Task Watch_EtcdKilledAndStartedAgain_LosesNoEvent()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var watch = await _second.Registry.WatchAsync(RegistryRig.Scope<ConfigMap>(), new ListOptions(), default);
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 60; i++)
            {
                if (i == 20)
                    await RestartAsync();
                await Eventually.True(() => TryCreateAsync($"m{i}"), timeout: TimeSpan.FromSeconds(40));
            }
        });
        List<string> seen = [];
        await foreach (var batch in watch.ReadAsync(patience.Token))
        {
            seen.AddRange(batch.Select(change => ((IApiObject)change.Object.Message).Metadata.Name));
            if (seen.Count >= 60)
                break;
        }

        await writing;
        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"m{i}"), seen);
    }

    [Fact]
    public async Task Bind_OnBothServers_NeverOvercommits()
    {
        await _first.Registry.CreateAsync(RegistryRig.Scope<Node>(), RegistryRig.Node("n1", cpu: "1"), default);
        IResourceRegistry[] servers = [_first.Registry, _second.Registry];
        var bound = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
        {
            await servers[i % 2].CreateAsync(RegistryRig.Scope<Pod>(), RegistryRig.Pod($"p{i}", cpu: "200m"), default);
            try
            {
                var binding = new Binding { Target = new ObjectReference { Kind = "Node", Name = "n1" } };
                await servers[i % 2].BindAsync(RegistryRig.Scope<Pod>($"p{i}"), binding, default);
                Interlocked.Increment(ref bound);
            }
            catch (StatusException full) when (full.IsConflict)
            {
                Assert.Contains("has not enough cpu", full.Message, StringComparison.Ordinal);
            }
        })));

        Assert.Equal(5, bound);
    }

    private async Task RestartAsync()
    {
        await _etcd!.KillAsync();
        await _etcd.StartAsync();
    }

    // A write whose answer was lost may stand: it is there at the next try.
    private async Task<bool> TryCreateAsync(string name)
    {
        try
        {
            await _first.Registry.CreateAsync(RegistryRig.Scope<ConfigMap>(), RegistryRig.ConfigMap(name), default);
            return true;
        }
        catch (StatusException exists) when (exists.IsAlreadyExists)
        {
            return true;
        }
        catch (StoreException)
        {
            return false;
        }
    }

    private static Task<EtcdStore> ConnectAsync(EtcdProcess etcd) =>
        EtcdStore.ConnectAsync(new EtcdStoreOptions { Endpoints = [etcd.Endpoint] });
}

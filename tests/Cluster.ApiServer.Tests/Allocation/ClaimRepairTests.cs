using System.Text;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.Tests.Registry;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Cluster.Storage.Embedded;
using Cluster.Storage.Etcd;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Allocation;

/// <summary>What was stored past the allocator is found when an API server starts, over both stores.</summary>
public sealed class ClaimRepairTests
{
    private static readonly ResourceType Services = ResourceCatalog.For<Service>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Embedded_StartAfterWrongClaims_MendsThem()
    {
        using var folder = new TempDirectory();
        await using var store = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = folder.File("data") });
        await RunAsync(store);
    }

    [Fact]
    public async Task Etcd_StartAfterWrongClaims_MendsThem()
    {
        Assert.SkipWhen(EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        await using var etcd = await EtcdProcess.StartNewAsync();
        await using var store = await EtcdStore.ConnectAsync(new EtcdStoreOptions { Endpoints = [etcd.Endpoint] }, Cancel);
        await RunAsync(store);
    }

    [Fact]
    public async Task Start_WithAServiceThatCannotBeRead_KeepsItsClaims()
    {
        using var folder = new TempDirectory();
        await using var store = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = folder.File("data") });
        Service service;
        await using (var host = await RegistryRig.HostOn(store))
            service = await CreateAsync(host, "broken", 30100);
        await PutAsync(store, Services.Key("default", "broken"), Encoding.UTF8.GetBytes("no object"));

        await using (await RegistryRig.HostOn(store))
            Assert.Equal(OwnerOf(service), await OwnerAsync(store, Claims.NodePort(30100)));
    }

    private static async Task RunAsync(IStore store)
    {
        Service unclaimed, robbed, first, second;
        await using (var host = await RegistryRig.HostOn(store))
        {
            unclaimed = await CreateAsync(host, "unclaimed", 30101);
            robbed = await CreateAsync(host, "robbed", 30102);
            first = await CreateAsync(host, "first", 30103);
            second = await CreateAsync(host, "second", 30104);
        }

        // A port and an address without their claims, one claimed by who is gone, one that two have, one outside of the range, and one of nobody.
        await store.TxnAsync(new StoreTxn([], [new(Claims.NodePort(30101), null), new(Claims.ServiceAddress(unclaimed.Spec.ClusterIP), null)]), Cancel);
        await PutAsync(store, Claims.NodePort(30102), Encoding.UTF8.GetBytes("default/gone 00000000-0000-0000-0000-000000000000"));
        second.Spec.Ports[0].NodePort = 30103;
        second.Spec.Ports.Add(new ServicePort { Name = "b", Port = 81, NodePort = 6443, Protocol = "TCP" });
        await PutAsync(store, Services.Key("default", "second"), StoredForm.Encode(Services, second));
        await PutAsync(store, Claims.NodePort(30199), Encoding.UTF8.GetBytes("default/gone 00000000-0000-0000-0000-000000000000"));

        await using var mended = await RegistryRig.HostOn(store);
        Assert.Equal(OwnerOf(unclaimed), await OwnerAsync(store, Claims.NodePort(30101)));
        Assert.Equal(OwnerOf(unclaimed), await OwnerAsync(store, Claims.ServiceAddress(unclaimed.Spec.ClusterIP)));
        Assert.Equal(OwnerOf(robbed), await OwnerAsync(store, Claims.NodePort(30102)));
        Assert.Equal(OwnerOf(first), await OwnerAsync(store, Claims.NodePort(30103)));
        Assert.Null(await OwnerAsync(store, Claims.NodePort(30104)));
        Assert.Null(await OwnerAsync(store, Claims.NodePort(30199)));
        Assert.Equal(
            [
                $"robbed PortNotAllocated: Port 30102 is not allocated; repairing",
                $"second PortAlreadyAllocated: Port 30103 was assigned to multiple services; please recreate service",
                $"second PortNotAllocated: Port 6443 is not allocated; repairing",
                $"second PortOutOfRange: Port 6443 is not within the port range 30000-32767; please recreate service",
                $"unclaimed ClusterIPNotAllocated: Cluster IP [IPv4]:{unclaimed.Spec.ClusterIP} is not allocated; repairing",
                $"unclaimed PortNotAllocated: Port 30101 is not allocated; repairing",
            ],
            await EventsAsync(mended));

        // What is claimed again is refused to others, what nobody had is free.
        var refused = await Assert.ThrowsAsync<StatusException>(() => CreateAsync(mended, "late", 30101));
        Assert.Contains("provided port is already allocated", refused.Message, StringComparison.Ordinal);
        await CreateAsync(mended, "late", 30199);
    }

    private static async Task<Service> CreateAsync(RegistryHost host, string name, int port)
    {
        var service = RegistryRig.Service(name, type: "NodePort");
        service.Spec.Ports[0].NodePort = port;
        return (Service)(await host.Registry.CreateAsync(RegistryRig.Scope<Service>(), service, Cancel)).Message;
    }

    private static async Task<IReadOnlyList<string>> EventsAsync(RegistryHost host)
    {
        var list = await host.Registry.ListAsync(RegistryRig.Scope<Event>(), new ListOptions(), Cancel);
        return [.. list.Items.Select(item => (Event)item.Message).Select(e => $"{e.InvolvedObject.Name} {e.Reason}: {e.Message}").Order(StringComparer.Ordinal)];
    }

    private static async Task PutAsync(IStore store, string key, ReadOnlyMemory<byte> value) =>
        await store.TxnAsync(new StoreTxn([], [new StoreOp(key, value)]), Cancel);

    private static async Task<string?> OwnerAsync(IStore store, string key) =>
        await store.GetAsync(key, Cancel) is { } entry ? Encoding.UTF8.GetString(entry.Value.Span) : null;

    private static string OwnerOf(Service service) => $"default/{service.Metadata.Name} {service.Metadata.Uid}";
}

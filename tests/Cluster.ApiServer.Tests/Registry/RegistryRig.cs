using System.Net;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Resource;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Registry;
using Cluster.Storage;
using Cluster.Storage.Embedded;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Registry;

/// <summary>The registry on the real embedded store.</summary>
public sealed class RegistryRig : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();

    private RegistryRig()
    {
    }

    internal IStore Store { get; private set; } = null!;

    internal RegistryHost Host { get; private set; } = null!;

    public IResourceRegistry Registry => Host.Registry;

    public static async Task<RegistryRig> StartAsync(Func<IStore, IStore>? wrap = null, RegistryOptions? options = null)
    {
        var rig = new RegistryRig();
        IStore store = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = rig._directory.File("data") });
        rig.Store = wrap is null ? store : wrap(store);
        rig.Host = await HostOn(rig.Store, options);
        return rig;
    }

    /// <summary>Another API server on the same store.</summary>
    public static Task<RegistryHost> HostOn(IStore store, RegistryOptions? options = null) => RegistryHost.StartAsync(
        store,
        options ?? new RegistryOptions { Advertise = new IPEndPoint(IPAddress.Parse("192.0.2.10"), 6443) },
        (reader, _) => [new NamespaceLifecycle(reader)],
        _ => [],
        [],
        NullLoggerFactory.Instance,
        TimeProvider.System,
        CancellationToken.None);

    /// <summary>The API server stops, the store forgets its history, and the server starts again.</summary>
    public async Task RestartWithoutHistoryAsync()
    {
        await Host.DisposeAsync();
        await Store.CompactAsync(await Store.GetRevisionAsync(default), default);
        Host = await HostOn(Store);
    }

    public static RequestScope Scope<T>(string? name = null, string? ns = "default", string? subresource = null)
        where T : IApiObject, new() => new()
        {
            Resource = ResourceCatalog.For<T>(),
            User = UserIdentity.ApiServer,
            Namespace = ResourceCatalog.For<T>().Namespaced ? ns : null,
            Name = name,
            Subresource = subresource,
        };

    public async Task<T> CreateAsync<T>(T obj)
        where T : class, IApiObject, new() =>
        (T)(await Registry.CreateAsync(Scope<T>(ns: obj.Metadata.Namespace is { Length: > 0 } ns ? ns : "default"), obj, default)).Message;

    public async Task<T> GetAsync<T>(string name, string ns = "default")
        where T : class, IApiObject, new() => (T)(await Registry.GetAsync(Scope<T>(name, ns), "", default)).Message;

    public async Task<T> UpdateAsync<T>(T obj, string? subresource = null)
        where T : class, IApiObject, new() =>
        (T)(await Registry.UpdateAsync(Scope<T>(obj.Metadata.Name, subresource: subresource), obj, default)).Object.Message;

    public static Pod Pod(string name, string? node = null, string? cpu = null)
    {
        var pod = new Pod
        {
            Metadata = new ObjectMeta { Name = name },
            Spec = new PodSpec { Containers = { new Container { Name = "main", Image = "image" } } },
        };
        if (node is not null)
            pod.Spec.NodeName = node;
        if (cpu is not null)
            pod.Spec.Containers[0].Resources = new ResourceRequirements { Requests = { ["cpu"] = new Quantity { String = cpu } } };
        return pod;
    }

    public static ConfigMap ConfigMap(string name, string value = "1") =>
        new() { Metadata = new ObjectMeta { Name = name }, Data = { ["key"] = value } };

    public static Service Service(string name, string clusterIP = "", string type = "ClusterIP") => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Spec = new ServiceSpec { Type = type, ClusterIP = clusterIP, Ports = { new ServicePort { Port = 80, Protocol = "TCP" } } },
    };

    public static Node Node(string name, string cpu = "1") => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Status = new NodeStatus { Allocatable = { ["cpu"] = new Quantity { String = cpu }, ["pods"] = new Quantity { String = "110" } } },
    };

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Store.DisposeAsync();
        _directory.Dispose();
    }
}

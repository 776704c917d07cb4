using System.Globalization;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>Services and pods that change at random, and the table that is told of it.</summary>
/// <remarks>Pods that are killed are killed before the table knows, as it is with nodes and kubelets.</remarks>
internal sealed class ModelWorld(ModelNode node, ModelReceipts receipts, Random random) : IAsyncDisposable
{
    private const int Addresses = 3;
    private const int PodAddresses = 6;
    private static readonly BackendHealth[] Healths = [BackendHealth.Ready, BackendHealth.Ready, BackendHealth.Ready, BackendHealth.NotReady, BackendHealth.Terminating];

    private readonly ModelService?[] _services = new ModelService?[Addresses];
    private readonly ModelPod?[] _pods = new ModelPod?[PodAddresses];
    private readonly HashSet<ModelService> _gone = [];
    private int _podsMade;
    private int _servicesMade;

    /// <summary>By address; null where there is none.</summary>
    public IReadOnlyList<ModelService?> Services => _services;

    /// <summary>All that happened.</summary>
    public List<string> History { get; } = [];

    /// <summary>One to four changes at once, told to the table by one publication.</summary>
    public async Task ChangeAsync()
    {
        var changes = random.Next(4) == 0 ? 2 + random.Next(3) : 1;
        for (var i = 0; i < changes; i++) await ChangeOneAsync();
        await PublishAsync(_gone);
        _gone.Clear();
    }

    /// <summary>The data plane's process is another, which is given the table as it is.</summary>
    public async Task RestartAsync()
    {
        History.Add("restart");
        await node.StopAsync();
        await node.StartAsync();
        await PublishAsync([]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pod in _pods)
            if (pod is not null) await pod.DisposeAsync();
    }

    private async Task ChangeOneAsync()
    {
        var index = random.Next(Addresses);
        switch (random.Next(10))
        {
            case 0 when _services[index] is { } service:
                History.Add($"delete {service.Name}");
                Delete(index);
                break;
            case 1:
                // The same address at once, under another name as often as not.
                Create(index, sameName: _services[index] is not null && random.Next(2) == 0);
                break;
            case 2 when _services[index] is { } service:
                service.Backends.Clear();
                History.Add($"{service} has none");
                break;
            case 3:
                await ReplacePodAsync(random.Next(PodAddresses), inherits: true);
                break;
            case 4:
                await ReplacePodAsync(random.Next(PodAddresses), inherits: false);
                break;
            default:
                ChangeBackend(index);
                break;
        }
    }

    private void Delete(int index)
    {
        if (_services[index] is { } service) _gone.Add(service);
        _services[index] = null;
    }

    private void Create(int index, bool sameName)
    {
        var name = sameName ? _services[index]!.Name : string.Create(CultureInfo.InvariantCulture, $"model/s{_servicesMade++}");
        Delete(index);
        var service = new ModelService(name, node.ServiceAddress(index), node.Path, isAffine: random.Next(3) == 0);
        for (var i = random.Next(4); i > 0; i--) service.Backends[Pod(random.Next(PodAddresses))] = Health();
        _services[index] = service;
        History.Add($"create {service}");
    }

    private void ChangeBackend(int index)
    {
        if (_services[index] is not { } service)
        {
            Create(index, sameName: false);
            return;
        }

        var pod = Pod(random.Next(PodAddresses));
        if (random.Next(4) == 0) service.Backends.Remove(pod);
        else service.Backends[pod] = Health();
        History.Add($"now {service}");
    }

    // Another pod at the same address: in the place of the one before, or known to no service yet.
    private async Task ReplacePodAsync(int index, bool inherits)
    {
        if (_pods[index] is not { } before) return;
        await before.DisposeAsync();
        _pods[index] = null;
        var after = await PodOnceFreeAsync(index);
        History.Add($"{before.Uid} is killed, {after.Uid} has its address {after.Address}{(inherits ? " and its place" : "")}");
        foreach (var service in _services.OfType<ModelService>())
            if (service.Backends.Remove(before) && inherits) service.Backends[after] = Health();
    }

    // The runtime closes a socket once the last call on it has returned, which may be a moment after its pod's end.
    private async Task<ModelPod> PodOnceFreeAsync(int index)
    {
        await Eventually.True(() =>
        {
            try
            {
                return Pod(index) is not null;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                return false;
            }
        }, "the address of a killed pod to be free");
        return Pod(index);
    }

    private ModelPod Pod(int index) => _pods[index] ??= new ModelPod(++_podsMade, node.PodAddress(index), receipts);

    private BackendHealth Health() => Healths[random.Next(Healths.Length)];

    private async Task PublishAsync(IEnumerable<ModelService> gone)
    {
        var directory = node.Dataplane.Directory;
        foreach (var port in gone.SelectMany(service => service.Ports)) directory.Remove(port.Id);
        foreach (var service in _services.OfType<ModelService>())
            foreach (var port in service.Ports) directory.Set(port, service.ToBackends());

        await node.Dataplane.Publish();
    }
}

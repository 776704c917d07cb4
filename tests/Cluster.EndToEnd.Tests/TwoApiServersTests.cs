using System.Text.RegularExpressions;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Resource;
using Cluster.Client;
using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>Two API servers, each a process of its own, on one etcd: what many want and one can have, one gets.</summary>
public sealed class TwoApiServersTests : IAsyncLifetime
{
    private const int Contenders = 12;
    private const int Rounds = 5;

    private readonly string _data = Machine.NewDataFolder();
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly List<IApiClient> _clients = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Machine.RequireCluster();
        Assert.SkipWhen(EtcdProcess.Missing is not null, EtcdProcess.Missing ?? "");
        EtcdProcess etcd = await EtcdProcess.StartNewAsync();
        _parts.Add(etcd);
        foreach (int port in (int[])[Machine.FreePort(), Machine.FreePort()]) await StartAsync(etcd, port);
        await _clients[0].CreateAsync(new ServiceAccount { Metadata = new ObjectMeta { Name = "default", Namespace = "default" } }, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => (client as IDisposable)?.Dispose());
        foreach (IAsyncDisposable part in Enumerable.Reverse(_parts)) await part.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Bind_ManySchedulersForOneSlot_OneWinsAndTheOthersAreToldWhy()
    {
        for (int round = 0; round < Rounds; round++)
        {
            string node = $"node-{round}";
            await AddNodeAsync(node, cpu: "1");
            var pods = Enumerable.Range(0, Contenders).Select(i => $"pod-{round}-{i}").ToList();
            // By turns the slot is a host port, or the last of the processor.
            bool isPort = round % 2 == 0;
            await Task.WhenAll(pods.Select((pod, i) => Client(i).CreateAsync(isPort ? Pod(pod, hostPort: 8080) : Pod(pod, cpu: "600m"), Cancel)));

            string?[] refusals = await RaceAsync(i => Client(i).BindAsync("default", pods[i], node, null, Cancel), "Conflict");
            string why = isPort ? "host port 8080/TCP is taken on the node" : $"node \"{node}\" has not enough cpu: requested 600m, used 600m, allocatable 1";
            Assert.All(refusals.OfType<string>(), text => Assert.EndsWith(": " + why, text, StringComparison.Ordinal));
            Assert.Single((await Client(round).ListAsync<Pod>("default", new ListQuery { FieldSelector = $"spec.nodeName={node}" }, Cancel)).Items);
        }
    }

    [Fact]
    public async Task Bind_OfOnePod_ByManySchedulers_ChoosesOneNode()
    {
        await Task.WhenAll(Enumerable.Range(0, Contenders).Select(i => AddNodeAsync($"many-{i}", cpu: "1")));
        await _clients[0].CreateAsync(Pod("wanted", cpu: "100m"), Cancel);
        string?[] refusals = await RaceAsync(i => Client(i).BindAsync("default", "wanted", $"many-{i}", null, Cancel), "Conflict");

        Pod bound = await _clients[0].GetAsync<Pod>("default", "wanted", Cancel);
        Assert.Equal($"many-{Array.IndexOf(refusals, null)}", bound.Spec.NodeName);
        Assert.All(refusals.OfType<string>(), text => Assert.EndsWith($": pod wanted is already assigned to node \"{bound.Spec.NodeName}\"", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_ServicesThatAskForOneAddressOrPort_OneGetsIt()
    {
        string?[] addresses = await RaceAsync(i => Client(i).CreateAsync(Service($"address-{i}", address: "10.96.3.3"), Cancel), "Invalid");
        Assert.All(addresses.OfType<string>(), text => Assert.EndsWith("failed to allocate IP 10.96.3.3: provided IP is already allocated", text, StringComparison.Ordinal));
        string?[] ports = await RaceAsync(i => Client(i).CreateAsync(Service($"port-{i}", nodePort: 30303), Cancel), "Invalid");
        Assert.All(ports.OfType<string>(), text => Assert.EndsWith("spec.ports[0].nodePort: Invalid value: 30303: provided port is already allocated", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_ServicesUntilTheRangeIsFull_GivesEachItsOwn()
    {
        // The range has 30 addresses, of which the cluster's own service and its DNS keep one each.
        const int free = 28;
        Service?[] made = await Task.WhenAll(Enumerable.Range(0, 2 * free).Select(i => TryAsync(() => Client(i).CreateAsync(Service($"any-{i}", nodePort: 0), Cancel))));
        List<Service> services = [.. made.OfType<Service>()];

        Assert.InRange(services.Count, free - 1, free);
        Assert.Equal(services.Count, services.Select(service => service.Spec.ClusterIP).Distinct().Count());
        Assert.Equal(services.Count, services.Select(service => service.Spec.Ports[0].NodePort).Distinct().Count());
    }

    private async Task StartAsync(EtcdProcess etcd, int port)
    {
        var server = new LoggedProcess(
            Machine.ClusterBinary, "apiserver", "--data", _data, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", $"{port}",
            "--service-cluster-ip-range", "10.96.3.0/27", "--etcd-servers", etcd.Endpoint.GetLeftPart(UriPartial.Authority));
        _parts.Add(server);
        string written = Path.Combine(_data, "kubeconfig");
        await Poll.UntilAsync("the server has its certificates", () => Task.FromResult(File.Exists(written)));
        string mine = Path.Combine(_data, $"kubeconfig-{port}");
        await File.WriteAllTextAsync(mine, Regex.Replace(await File.ReadAllTextAsync(written, Cancel), @"https://127\.0\.0\.1:\d+", $"https://127.0.0.1:{port}"), Cancel);
        foreach (ClientTransport transport in Enum.GetValues<ClientTransport>()) _clients.Add(KubernetesClients.FromKubeconfig(mine, transport));
        await Poll.UntilAsync("the server answers", async () =>
        {
            Assert.True(server.IsRunning, string.Join('\n', server.Lines));
            return await TryAsync(() => _clients[^1].GetAsync<Namespace>(null, "default", Cancel)) is not null;
        });
    }

    private IApiClient Client(int index) => _clients[index % _clients.Count];

    // All at once. Null for the one that won, the message for each other.
    private static async Task<string?[]> RaceAsync(Func<int, Task> attempt, string reason)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<string?[]> racing = Task.WhenAll(Enumerable.Range(0, Contenders).Select(async i =>
        {
            await start.Task;
            try
            {
                await attempt(i);
                return null;
            }
            catch (StatusException refusal)
            {
                Assert.Equal(reason, refusal.Reason);
                return refusal.Message;
            }
        }));
        start.SetResult();
        string?[] refusals = await racing;
        Assert.Equal(1, refusals.Count(refusal => refusal is null));
        return refusals;
    }

    private static async Task<T?> TryAsync<T>(Func<Task<T>> call)
        where T : class
    {
        try
        {
            return await call();
        }
        catch (Exception refusal) when (refusal is StatusException or HttpRequestException or IOException)
        {
            return null;
        }
    }

    private async Task AddNodeAsync(string name, string cpu)
    {
        Node node = await _clients[0].CreateAsync(new Node { Metadata = new ObjectMeta { Name = name } }, Cancel);
        node.Status = new NodeStatus { Allocatable = { ["cpu"] = new Quantity { String = cpu }, ["pods"] = new Quantity { String = "110" } } };
        await _clients[0].UpdateStatusAsync(node, Cancel);
    }

    private static Pod Pod(string name, string? cpu = null, int hostPort = 0)
    {
        var main = new Container { Name = "main", Image = "image" };
        if (cpu is not null) main.Resources = new ResourceRequirements { Requests = { ["cpu"] = new Quantity { String = cpu } } };
        if (hostPort != 0) main.Ports.Add(new ContainerPort { ContainerPort_ = 80, HostPort = hostPort, Protocol = "TCP" });
        return new Pod { Metadata = new ObjectMeta { Name = name, Namespace = "default" }, Spec = new PodSpec { Containers = { main } } };
    }

    private static Service Service(string name, string address = "", int? nodePort = null)
    {
        var port = new ServicePort { Port = 80, Protocol = "TCP" };
        if (nodePort is > 0) port.NodePort = nodePort.Value;
        return new Service
        {
            Metadata = new ObjectMeta { Name = name, Namespace = "default" },
            Spec = new ServiceSpec { Type = nodePort is null ? "ClusterIP" : "NodePort", ClusterIP = address, Ports = { port } },
        };
    }
}

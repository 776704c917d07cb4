using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.ServiceEndpoints;

public sealed class EndpointsControllerTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new() { HasKubelet = false };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Endpoints_ReadyAndUnready_AreKeptApart()
    {
        _rig.Api.Seed(Make.ReadyPod("b", "10.244.0.2"));
        _rig.Api.Seed(Make.ReadyPod("a", "10.244.0.1"));
        _rig.Api.Seed(Unready("c", "10.244.0.3"));
        _rig.Api.Seed(Make.Pod("no-address"));
        _rig.Api.Seed(Make.ReadyPod("other", "10.244.0.9", app: "db"));
        _rig.Api.Seed(Make.Service("web", Make.Port("http", 80, IntOrStrings.FromInt(8080))));
        _rig.Start("endpoint");

        await _rig.UntilAsync(() => Endpoints() is not null);

        var subset = Assert.Single(Endpoints()!.Subsets);
        Assert.Equal(["10.244.0.1", "10.244.0.2"], subset.Addresses.Select(address => address.Ip));
        Assert.Equal(["10.244.0.3"], subset.NotReadyAddresses.Select(address => address.Ip));
        Assert.Equal(("http", 8080, "TCP"), (subset.Ports[0].Name, subset.Ports[0].Port, subset.Ports[0].Protocol));
        Assert.Equal(("Pod", "a", "n1"), (subset.Addresses[0].TargetRef.Kind, subset.Addresses[0].TargetRef.Name, subset.Addresses[0].NodeName));
        Assert.Equal("front", Endpoints()!.Metadata.Labels["tier"]);
        Assert.True(Endpoints()!.Metadata.Annotations.ContainsKey("endpoints.kubernetes.io/last-change-trigger-time"));
    }

    [Fact]
    public async Task Endpoints_PodTurnsUnreadyOrGoes_FollowIt()
    {
        _rig.Api.Seed(Make.ReadyPod("a", "10.244.0.1"));
        _rig.Api.Seed(Make.ReadyPod("b", "10.244.0.2"));
        _rig.Api.Seed(Make.Service("web", Make.Port("", 80, IntOrStrings.FromInt(8080))));
        _rig.Start("endpoint");
        await _rig.UntilAsync(() => Ready() == "10.244.0.1 10.244.0.2");

        _rig.Api.Change<Pod>("default", "a", pod => pod.Status.SetCondition(new() { Type = "Ready", Status = "False" }));
        await _rig.UntilAsync(() => Ready() == "10.244.0.2");
        _rig.Api.Change<Pod>("default", "b", pod => pod.Metadata.DeletionTimestamp = new() { Seconds = 1 });
        await _rig.UntilAsync(() => Ready() == "");
        _rig.Api.Remove<Service>("default", "web");
        await _rig.UntilAsync(() => Endpoints() is null);
    }

    [Fact]
    public async Task Endpoints_NamedPorts_AreGroupedByWhatTheyMean()
    {
        var old = Make.ReadyPod("old", "10.244.0.1");
        old.Spec.Containers[0].Ports.Add(new ContainerPort { Name = "web", ContainerPort_ = 80, Protocol = "TCP" });
        var current = Make.ReadyPod("new", "10.244.0.2");
        current.Spec.Containers[0].Ports.Add(new ContainerPort { Name = "web", ContainerPort_ = 8080, Protocol = "TCP" });
        _rig.Api.Seed(old);
        _rig.Api.Seed(current);
        _rig.Api.Seed(Make.ReadyPod("without", "10.244.0.3"));
        _rig.Api.Seed(Make.Service("web", Make.Port("http", 80, IntOrStrings.FromString("web"))));
        _rig.Start("endpoint", "endpointslice");

        await _rig.UntilAsync(() => Endpoints()?.Subsets.Count == 2 && Slices().Count == 3);

        Assert.Equal(["10.244.0.1:80", "10.244.0.2:8080"], Endpoints()!.Subsets.Select(one => $"{one.Addresses.Single().Ip}:{one.Ports.Single().Port}").Order());

        // A pod that has no such port is in a slice that has none either.
        Assert.Equal("10.244.0.3", Slices().Single(slice => slice.Ports.Count == 0).Endpoints[0].Addresses[0]);
    }

    [Fact]
    public async Task Endpoints_WithoutSelector_AreLeftAlone()
    {
        var service = Make.Service("web", Make.Port("", 80, IntOrStrings.FromInt(80)));
        service.Spec.Selector.Clear();
        _rig.Api.Seed(service);
        _rig.Api.Seed(new Endpoints
        {
            Metadata = new() { Namespace = "default", Name = "web" },
            Subsets = { new EndpointSubset { Addresses = { new EndpointAddress { Ip = "192.0.2.1" } }, Ports = { new Api.CoreV1.EndpointPort { Port = 80 } } } },
        });
        _rig.Start("endpoint", "endpointslice", "endpointslicemirroring");

        await _rig.UntilAsync(() => Slices().Count == 1);

        Assert.Equal("192.0.2.1", Ready());
        var slice = Slices()[0];
        Assert.Equal("endpointslicemirroring-controller.k8s.io", slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"]);
        Assert.Equal(("web", "192.0.2.1", 80), (slice.Metadata.Labels["kubernetes.io/service-name"], slice.Endpoints[0].Addresses[0], slice.Ports[0].Port));
    }

    [Fact]
    public async Task Endpoints_Headless_HaveTheLabelAndHostnames()
    {
        var pod = Make.ReadyPod("a", "10.244.0.1");
        (pod.Spec.Hostname, pod.Spec.Subdomain) = ("db-0", "web");
        _rig.Api.Seed(pod);
        var service = Make.Service("web");
        service.Spec.ClusterIP = "None";
        _rig.Api.Seed(service);
        _rig.Start("endpoint", "endpointslice");

        await _rig.UntilAsync(() => Ready() == "10.244.0.1" && Slices().Count == 1);

        Assert.True(Endpoints()!.Metadata.Labels.ContainsKey("service.kubernetes.io/headless"));
        Assert.Equal("db-0", Endpoints()!.Subsets[0].Addresses[0].Hostname);
        Assert.Equal("db-0", Slices()[0].Endpoints[0].Hostname);
    }

    [Fact]
    public async Task Endpoints_TooMany_AreTruncatedAndSoMarked()
    {
        for (var i = 0; i < 1005; i++)
        {
            _rig.Api.Seed(Make.ReadyPod($"p{i}", $"10.244.{i / 250}.{i % 250}"));
        }

        _rig.Api.Seed(Make.Service("web", Make.Port("", 80, IntOrStrings.FromInt(80))));
        _rig.Start("endpoint", "endpointslice");

        await _rig.UntilAsync(() => Endpoints() is not null && Slices().Sum(slice => slice.Endpoints.Count) == 1005);

        Assert.Equal(1000, Endpoints()!.Subsets[0].Addresses.Count);
        Assert.Equal("truncated", Endpoints()!.Metadata.Annotations["endpoints.kubernetes.io/over-capacity"]);
        Assert.Equal(11, Slices().Count);
        Assert.All(Slices(), slice => Assert.True(slice.Endpoints.Count <= 100));
    }

    [Fact]
    public async Task Slices_Conditions_TellReadyServingAndTerminating()
    {
        _rig.Api.Seed(Make.ReadyPod("ready", "10.244.0.1"));
        _rig.Api.Seed(Unready("unready", "10.244.0.2"));
        var ending = Make.ReadyPod("ending", "10.244.0.3");
        (ending.Metadata.DeletionTimestamp, ending.Metadata.DeletionGracePeriodSeconds) = (new() { Seconds = 1 }, 30);
        _rig.Api.Seed(ending);
        _rig.Api.Seed(new Node { Metadata = new() { Name = "n1", Labels = { ["topology.kubernetes.io/zone"] = "z1" } } });
        var service = _rig.Api.Seed(Make.Service("web", Make.Port("http", 80, IntOrStrings.FromInt(8080))));
        _rig.Start("endpointslice");

        await _rig.UntilAsync(() => Slices().Count == 1);

        var slice = Slices()[0];
        Assert.Equal(
            ["ending False True True", "ready True True False", "unready False False False"],
            slice.Endpoints.Select(e => $"{e.TargetRef.Name} {e.Conditions.Ready} {e.Conditions.Serving} {e.Conditions.Terminating}").Order());
        Assert.All(slice.Endpoints, endpoint => Assert.Equal(("n1", "z1"), (endpoint.NodeName, endpoint.Zone)));
        Assert.Equal(("IPv4", "http", 8080), (slice.AddressType, slice.Ports[0].Name, slice.Ports[0].Port));
        Assert.Equal(service.Metadata.Uid, Assert.Single(slice.Metadata.OwnerReferences).Uid);
        Assert.Equal(("endpointslice-controller.k8s.io", "web", "front"), (
            slice.Metadata.Labels["endpointslice.kubernetes.io/managed-by"], slice.Metadata.Labels["kubernetes.io/service-name"], slice.Metadata.Labels["tier"]));
    }

    [Fact]
    public async Task Slices_OnePodOfMany_IsOneUpdate()
    {
        for (var i = 0; i < 150; i++)
        {
            _rig.Api.Seed(Make.ReadyPod($"p{i:d3}", $"10.244.0.{i}"));
        }

        _rig.Api.Seed(Make.Service("web", Make.Port("", 80, IntOrStrings.FromInt(80))));
        _rig.Start("endpointslice");
        await _rig.UntilAsync(() => Slices().Sum(slice => slice.Endpoints.Count) == 150);
        await _rig.SettleAsync();
        var before = _rig.Api.Requests.Count(IsSliceWrite);

        _rig.Api.Change<Pod>("default", "p007", pod => pod.Status.SetCondition(new() { Type = "Ready", Status = "False" }));
        await _rig.UntilAsync(() => Slices().SelectMany(slice => slice.Endpoints).Count(endpoint => endpoint.Conditions.Ready) == 149);
        await _rig.SettleAsync();

        Assert.Equal(before + 1, _rig.Api.Requests.Count(IsSliceWrite));
    }

    [Fact]
    public async Task Endpoints_CreateFindsItThere_IsNoEventAndTriedAgain()
    {
        var refused = 0;
        _rig.Api.Fault = request => request is { Verb: "create", Type.Kind: "Endpoints" } && Interlocked.Increment(ref refused) == 1
            ? StatusErrors.AlreadyExists(request.Type, "web")
            : null;
        _rig.Api.Seed(Make.ReadyPod("a", "10.244.0.1"));
        _rig.Api.Seed(Make.Service("web", Make.Port("", 80, IntOrStrings.FromInt(80))));
        _rig.Start("endpoint");

        await _rig.UntilAsync(() => Ready() == "10.244.0.1");
        await _rig.SettleAsync();

        Assert.Equal(2, refused);
        Assert.Empty(_rig.Events);
    }

    [Fact]
    public async Task Slices_CacheIsBehind_WaitsWithoutAnErrorAndMakesNoneTwice()
    {
        var behind = false;
        _rig.Api.Fault = request => Volatile.Read(ref behind) && request is { Type.Kind: "EndpointSlice", Verb: "watch" or "list" }
            ? new HttpRequestException("refused")
            : null;
        _rig.Api.Seed(Make.ReadyPod("a", "10.244.0.1"));
        _rig.Start("endpointslice");
        await _rig.UntilAsync(() => _rig.Api.OpenWatches<EndpointSlice>() == 1 && _rig.Api.OpenWatches<Service>() == 1);
        Volatile.Write(ref behind, true);
        _rig.Api.EndWatches();
        await _rig.UntilAsync(() => _rig.Api.OpenWatches<EndpointSlice>() == 0 && _rig.Api.OpenWatches<Service>() == 1 && _rig.Api.OpenWatches<Pod>() == 1);

        _rig.Api.Seed(Make.Service("web", Make.Port("", 80, IntOrStrings.FromInt(80))));
        await _rig.UntilAsync(() => Slices().Count == 1);
        _rig.Api.Seed(Make.ReadyPod("b", "10.244.0.2"));
        await _rig.SettleAsync();

        Assert.Single(Assert.Single(Slices()).Endpoints);
        Assert.Empty(_rig.Errors.Lines);
        Volatile.Write(ref behind, false);
        await _rig.UntilAsync(() => Slices().Sum(slice => slice.Endpoints.Count) == 2);
        Assert.Single(Slices());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task All_EverythingFailsAtRandom_ConvergeAllTheSame(int seed)
    {
        var trouble = new Trouble(_rig, seed);
        _rig.Api.Seed(Make.Service("web", Make.Port("", 80, IntOrStrings.FromInt(80))));
        _rig.Start("endpoint", "endpointslice");
        var pods = 0;
        await _rig.PassAsync(TimeSpan.FromSeconds(10), () =>
        {
            trouble.Step();
            _rig.Api.Seed(Make.ReadyPod($"p{pods}", $"10.244.{pods / 250}.{pods % 250}"));
            pods++;
        });
        for (var i = 0; i < pods; i += 2)
        {
            _rig.Api.Remove<Pod>("default", $"p{i}");
        }

        await _rig.PassAsync(TimeSpan.FromSeconds(5), trouble.Step);
        trouble.End();

        var wanted = _rig.Pods.Select(pod => pod.Status.PodIP).Order().ToList();
        await _rig.UntilAsync(() => Ready().Split(' ').Order().SequenceEqual(wanted), "endpoints");
        await _rig.UntilAsync(() => Slices().SelectMany(slice => slice.Endpoints).Select(endpoint => endpoint.Addresses[0]).Order().SequenceEqual(wanted), "slices");
    }

    private static bool IsSliceWrite(Testing.FakeRequest request) =>
        request.Type.Kind == "EndpointSlice" && request.Verb is "create" or "update" or "delete";

    private static Pod Unready(string name, string ip)
    {
        var pod = Make.ReadyPod(name, ip);
        pod.Status.Conditions[0].Status = "False";
        return pod;
    }

    private Endpoints? Endpoints() => _rig.Api.Find<Endpoints>("default", "web");

    private string Ready() => string.Join(' ', Endpoints()?.Subsets.SelectMany(subset => subset.Addresses).Select(address => address.Ip) ?? []);

    private IReadOnlyList<EndpointSlice> Slices() => _rig.Api.All<EndpointSlice>();
}

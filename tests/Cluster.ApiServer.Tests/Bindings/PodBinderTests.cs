using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Tests.Registry;

namespace Cluster.ApiServer.Tests.Bindings;

public sealed class PodBinderTests : IAsyncLifetime
{
    private RegistryRig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await RegistryRig.StartAsync();
        await _rig.CreateAsync(RegistryRig.Node("n1", cpu: "1"));
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Bind_FreePod_SetsNodeAndCondition()
    {
        await _rig.CreateAsync(RegistryRig.Pod("web"));
        var binding = new Binding
        {
            Metadata = new ObjectMeta { Name = "web", Annotations = { ["note"] = "x" } },
            Target = new ObjectReference { Kind = "Node", Name = "n1" },
        };
        var answer = await _rig.Registry.CreateAsync(RegistryRig.Scope<Pod>("web", subresource: "binding"), binding, default);
        var pod = await _rig.GetAsync<Pod>("web");

        Assert.Equal("Success", ((Status)answer.Message).Status_);
        Assert.Equal("n1", pod.Spec.NodeName);
        Assert.Equal("x", pod.Metadata.Annotations["note"]);
        Assert.Equal("True", pod.GetCondition("PodScheduled")!.Status);
    }

    [Fact]
    public async Task Bind_BoundPod_IsConflict()
    {
        await _rig.CreateAsync(RegistryRig.Pod("web", node: "n1"));
        var failure = await Fails("web");

        Assert.Equal(409, failure.Code);
        Assert.Equal("Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned to node \"n1\"", failure.Message);
    }

    [Fact]
    public async Task Bind_GatedPod_IsConflict()
    {
        var pod = RegistryRig.Pod("web");
        pod.Spec.SchedulingGates.Add(new PodSchedulingGate { Name = "example.com/wait" });
        await _rig.CreateAsync(pod);
        var failure = await Fails("web");

        Assert.Equal(
            (409, "Operation cannot be fulfilled on pods/binding \"web\": pod web has non-empty .spec.schedulingGates"), (failure.Code, failure.Message));
    }

    [Fact]
    public async Task Bind_MissingPodOrNode_IsNotFound()
    {
        Assert.True((await Fails("none")).IsNotFound);
        await _rig.CreateAsync(RegistryRig.Pod("web"));
        Assert.True((await Fails("web", "nowhere")).IsNotFound);
    }

    [Fact]
    public async Task Bind_BeyondAllocatable_IsConflict()
    {
        await _rig.CreateAsync(RegistryRig.Pod("big", node: "n1", cpu: "600m"));
        await _rig.CreateAsync(RegistryRig.Pod("web", cpu: "500m"));
        var failure = await Fails("web");

        Assert.Equal(409, failure.Code);
        Assert.Contains("has not enough cpu: requested 500m, used 600m, allocatable 1", failure.Message, StringComparison.Ordinal);
        await BindAsync(_rig.Registry, "other", cpu: "400m");
    }

    [Fact]
    public async Task Bind_TakenHostPort_IsConflict()
    {
        foreach (var name in new[] { "one", "two" })
        {
            var pod = RegistryRig.Pod(name);
            pod.Spec.Containers[0].Ports.Add(new ContainerPort { ContainerPort_ = 80, HostPort = 8080, Protocol = "TCP" });
            await _rig.CreateAsync(pod);
        }

        await _rig.Registry.BindAsync(RegistryRig.Scope<Pod>("one"), To("n1"), default);
        Assert.Contains("host port 8080/TCP", (await Fails("two")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bind_ManySchedulersOnTwoServers_NeverOvercommits()
    {
        await using var other = await RegistryRig.HostOn(_rig.Store);
        IResourceRegistry[] servers = [_rig.Registry, other.Registry];
        var bound = 0;
        // Ten fit; twenty are tried at once.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            try
            {
                await BindAsync(servers[i % 2], $"p{i}", cpu: "100m");
                Interlocked.Increment(ref bound);
            }
            catch (StatusException exception) when (exception.IsConflict)
            {
                Assert.Contains("has not enough cpu", exception.Message, StringComparison.Ordinal);
            }
        })));

        Assert.Equal(10, bound);
    }

    private async Task BindAsync(IResourceRegistry registry, string pod, string cpu)
    {
        await _rig.CreateAsync(RegistryRig.Pod(pod, cpu: cpu));
        await registry.BindAsync(RegistryRig.Scope<Pod>(pod), To("n1"), default);
    }

    private Task<StatusException> Fails(string pod, string node = "n1") => Assert.ThrowsAsync<StatusException>(async () =>
        await _rig.Registry.BindAsync(RegistryRig.Scope<Pod>(pod), To(node), default));

    private static Binding To(string node) => new() { Target = new ObjectReference { Kind = "Node", Name = node } };
}

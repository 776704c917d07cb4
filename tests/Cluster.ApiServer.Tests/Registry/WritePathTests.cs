using System.Text;
using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;

namespace Cluster.ApiServer.Tests.Registry;

public sealed class WritePathTests : IAsyncLifetime
{
    private RegistryRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await RegistryRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Create_GenerateName_MakesFreeNames()
    {
        var map = new ConfigMap { Metadata = new ObjectMeta { GenerateName = "web-" } };
        var first = await _rig.CreateAsync(map.Clone());
        var second = await _rig.CreateAsync(map.Clone());

        Assert.Matches("^web-[bcdfghjklmnpqrstvwxz2456789]{5}$", first.Metadata.Name);
        Assert.NotEqual(first.Metadata.Name, second.Metadata.Name);
    }

    [Fact]
    public async Task Create_InMissingNamespace_IsNotFound()
    {
        var failure = await Fails(async () => await _rig.Registry.CreateAsync(
            RegistryRig.Scope<ConfigMap>(ns: "nowhere"), RegistryRig.ConfigMap("one"), default));

        Assert.Equal("""namespaces "nowhere" not found""", failure.Message);
    }

    [Fact]
    public async Task Create_NamespaceOfAnother_IsBadRequest()
    {
        var map = RegistryRig.ConfigMap("one");
        map.Metadata.Namespace = "kube-system";
        var failure = await Fails(async () => await _rig.Registry.CreateAsync(RegistryRig.Scope<ConfigMap>(), map, default));

        Assert.Equal("the namespace of the provided object does not match the namespace sent on the request", failure.Message);
    }

    [Fact]
    public async Task Update_Unchanged_WritesNothing()
    {
        var map = await _rig.CreateAsync(RegistryRig.ConfigMap("one"));
        var again = await _rig.UpdateAsync(map.Clone());

        Assert.Equal(map.Metadata.ResourceVersion, again.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task Update_TimesLeftOutAsProtobufDoes_KeepsThem()
    {
        var map = await _rig.CreateAsync(RegistryRig.ConfigMap("one"));
        var changed = RegistryRig.ConfigMap("one", "2");
        changed.Metadata.CreationTimestamp = new Time();
        var updated = await _rig.UpdateAsync(changed);

        Assert.Equal("2", updated.Data["key"]);
        Assert.Equal(map.Metadata.CreationTimestamp, updated.Metadata.CreationTimestamp);
        Assert.Equal(map.Metadata.Uid, updated.Metadata.Uid);
    }

    [Theory]
    [InlineData("10.244.0.7", new string[0], "10.244.0.7", new[] { "10.244.0.7" })]
    [InlineData("", new[] { "10.244.0.7", "fd00::7" }, "10.244.0.7", new[] { "10.244.0.7", "fd00::7" })]
    [InlineData("10.244.0.7", new[] { "10.244.0.7", "fd00::7" }, "10.244.0.7", new[] { "10.244.0.7", "fd00::7" })]
    [InlineData("10.244.0.8", new[] { "10.244.0.7" }, "10.244.0.8", new[] { "10.244.0.8" })]
    public async Task UpdateStatus_OfPod_AddressAndAddressesAgree(string address, string[] addresses, string stored, string[] storedAll)
    {
        var pod = await _rig.CreateAsync(RegistryRig.Pod("web", node: "n1"));
        pod.Status.PodIP = address;
        pod.Status.PodIPs.Add(addresses.Select(ip => new PodIP { Ip = ip }));
        var updated = await _rig.UpdateAsync(pod, "status");

        Assert.Equal(stored, updated.Status.PodIP);
        Assert.Equal(storedAll, updated.Status.PodIPs.Select(ip => ip.Ip));
    }

    [Fact]
    public async Task Update_Unconditional_Overwrites()
    {
        await _rig.CreateAsync(RegistryRig.ConfigMap("one"));
        var updated = await _rig.UpdateAsync(RegistryRig.ConfigMap("one", "2"));

        Assert.Equal("2", updated.Data["key"]);
    }

    [Fact]
    public async Task Update_LeaseWithoutVersion_IsInvalid()
    {
        await _rig.CreateAsync(new Lease { Metadata = new ObjectMeta { Name = "one" }, Spec = new LeaseSpec() });
        var failure = await Fails(() => _rig.UpdateAsync(
            new Lease { Metadata = new ObjectMeta { Name = "one" }, Spec = new LeaseSpec { HolderIdentity = "me" } }));

        Assert.Equal(422, failure.Code);
        Assert.Contains("must be specified for an update", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_SpecAndStatus_EachKeepsTheOther()
    {
        var created = (await _rig.CreateAsync(Deployment("web"))).Clone();
        created.Status = new DeploymentStatus { Replicas = 9 };
        created.Spec.Replicas = 3;
        var updated = await _rig.UpdateAsync(created);
        var report = updated.Clone();
        report.Status = new DeploymentStatus { Replicas = 2 };
        report.Spec.Replicas = 7;
        var reported = await _rig.UpdateAsync(report, "status");

        Assert.Equal((3, 0, 2L), (updated.Spec.Replicas, updated.Status?.Replicas ?? 0, updated.Metadata.Generation));
        Assert.Equal((3, 2, 2L), (reported.Spec.Replicas, reported.Status.Replicas, reported.Metadata.Generation));
    }

    [Theory]
    [InlineData("10.9.0.0/24", new string[0], "10.9.0.0/24", new[] { "10.9.0.0/24" })]
    [InlineData("", new[] { "10.9.0.0/24", "fd00::/64" }, "10.9.0.0/24", new[] { "10.9.0.0/24", "fd00::/64" })]
    [InlineData("10.8.0.0/24", new[] { "10.9.0.0/24", "fd00::/64" }, "10.8.0.0/24", new[] { "10.8.0.0/24" })]
    public async Task Create_OfANode_RangeAndRangesAgree(string range, string[] ranges, string stored, string[] storedAll)
    {
        var node = RegistryRig.Node("n1");
        node.Spec = new NodeSpec { PodCIDR = range, PodCIDRs = { ranges } };
        var made = await _rig.CreateAsync(node);

        Assert.Equal(stored, made.Spec.PodCIDR);
        Assert.Equal(storedAll, made.Spec.PodCIDRs);
    }

    [Fact]
    public async Task Update_OfANodesRange_IsOneForAllAndCheckedUnderEitherName()
    {
        await _rig.CreateAsync(RegistryRig.Node("n1"));
        Assert.Contains("spec.podCIDRs[0]: Invalid value: \"x\"", (await Fails(() => PatchAsync("""{"spec":{"podCIDR":"x"}}"""))).Message, StringComparison.Ordinal);
        Assert.Equal(["10.9.0.0/24"], (await PatchAsync("""{"spec":{"podCIDR":"10.9.0.0/24"}}""")).Spec.PodCIDRs);
        var failure = await Fails(() => PatchAsync("""{"spec":{"podCIDR":"10.8.0.0/24"}}"""));

        Assert.Contains("node updates may not change podCIDR except from \"\" to valid", failure.Message, StringComparison.Ordinal);

        async Task<Node> PatchAsync(string patch) => (Node)(await _rig.Registry.PatchAsync(
            RegistryRig.Scope<Node>("n1"), "application/merge-patch+json", Encoding.UTF8.GetBytes(patch), default)).Object.Message;
    }

    [Fact]
    public async Task Update_OfADeploymentsAnnotations_IsAGenerationUnlessItIsOfTheStatus()
    {
        var created = (await _rig.CreateAsync(Deployment("web"))).Clone();
        created.Metadata.Annotations["team"] = "blue";
        var annotated = (await _rig.UpdateAsync(created)).Clone();
        annotated.Metadata.Labels["tier"] = "front";
        var labelled = (await _rig.UpdateAsync(annotated)).Clone();
        labelled.Metadata.Annotations["deployment.kubernetes.io/revision"] = "2";
        var marked = await _rig.UpdateAsync(labelled, "status");

        Assert.Equal((2L, 2L, 2L), (annotated.Metadata.Generation, labelled.Metadata.Generation, marked.Metadata.Generation));
        Assert.Equal("2", marked.Metadata.Annotations["deployment.kubernetes.io/revision"]);
    }

    [Fact]
    public async Task UpdateStatus_WithoutQualityOfService_KeepsIt()
    {
        var pod = (await _rig.CreateAsync(RegistryRig.Pod("web", node: "n1"))).Clone();
        pod.Status = new PodStatus { Phase = "Running" };
        var reported = await _rig.UpdateAsync(pod, "status");

        Assert.Equal(("Running", "BestEffort"), (reported.Status.Phase, reported.Status.QosClass));
    }

    [Fact]
    public async Task Update_OtherUid_IsConflict()
    {
        var map = (await _rig.CreateAsync(RegistryRig.ConfigMap("one"))).Clone();
        map.Metadata.Uid = "other";
        map.Data["key"] = "2";
        var failure = await Fails(() => _rig.UpdateAsync(map));

        Assert.Equal(409, failure.Code);
        Assert.Contains("Precondition failed: UID in precondition: other", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patch_ManyAtOnce_LosesNone()
    {
        await _rig.CreateAsync(RegistryRig.ConfigMap("one"));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () => await _rig.Registry.PatchAsync(
            RegistryRig.Scope<ConfigMap>("one"), "application/merge-patch+json", Encoding.UTF8.GetBytes($$$"""{"data":{"k{{{i}}}":"x"}}"""), default))));
        var map = await _rig.GetAsync<ConfigMap>("one");

        Assert.Equal(21, map.Data.Count);
    }

    [Fact]
    public async Task Delete_PodOnANode_WaitsForTheNode()
    {
        await _rig.CreateAsync(RegistryRig.Pod("web", node: "n1"));
        var first = await _rig.Registry.DeleteAsync(RegistryRig.Scope<Pod>("web"), new DeleteOptions(), default);
        var pod = await _rig.GetAsync<Pod>("web");
        var shorter = await _rig.Registry.DeleteAsync(RegistryRig.Scope<Pod>("web"), new DeleteOptions { GracePeriodSeconds = 5 }, default);
        var longer = await _rig.Registry.DeleteAsync(RegistryRig.Scope<Pod>("web"), new DeleteOptions { GracePeriodSeconds = 50 }, default);
        var last = await _rig.Registry.DeleteAsync(
            RegistryRig.Scope<Pod>("web"),
            new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Api.MetaV1.Preconditions { Uid = pod.Metadata.Uid } },
            default);

        Assert.False(first.Deleted);
        Assert.Equal(30, pod.Metadata.DeletionGracePeriodSeconds);
        Assert.Equal(5, ((Pod)shorter.Response.Message).Metadata.DeletionGracePeriodSeconds);
        Assert.Equal(pod.Metadata.DeletionTimestamp.Seconds - 25, ((Pod)shorter.Response.Message).Metadata.DeletionTimestamp.Seconds);
        Assert.Equal(5, ((Pod)longer.Response.Message).Metadata.DeletionGracePeriodSeconds);
        Assert.True(last.Deleted);
        Assert.True((await Fails(() => _rig.GetAsync<Pod>("web"))).IsNotFound);
    }

    [Fact]
    public async Task Delete_WrongUid_IsConflict()
    {
        await _rig.CreateAsync(RegistryRig.ConfigMap("one"));
        var failure = await Fails(async () => await _rig.Registry.DeleteAsync(
            RegistryRig.Scope<ConfigMap>("one"), new DeleteOptions { Preconditions = new Api.MetaV1.Preconditions { Uid = "other" } }, default));

        Assert.Equal(409, failure.Code);
        Assert.Contains("the UID in the precondition (other) does not match the UID in record", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_WithFinalizer_IsGoneWhenThatIs()
    {
        var map = RegistryRig.ConfigMap("one");
        map.Metadata.Finalizers.Add("example.com/hold");
        await _rig.CreateAsync(map);
        var result = await _rig.Registry.DeleteAsync(RegistryRig.Scope<ConfigMap>("one"), new DeleteOptions(), default);
        var held = (await _rig.GetAsync<ConfigMap>("one")).Clone();
        Assert.False(result.Deleted);
        Assert.NotNull(held.Metadata.DeletionTimestamp);

        held.Metadata.Finalizers.Clear();
        await _rig.UpdateAsync(held);
        Assert.True((await Fails(() => _rig.GetAsync<ConfigMap>("one"))).IsNotFound);
    }

    [Theory]
    [InlineData("Foreground", "foregroundDeletion")]
    [InlineData("Orphan", "orphan")]
    [InlineData(null, "orphan")]
    public async Task Delete_ReplicationController_LeavesItsDependentsToAFinalizer(string? policy, string finalizer)
    {
        await _rig.CreateAsync(new ReplicationController
        {
            Metadata = new ObjectMeta { Name = "web" },
            Spec = new ReplicationControllerSpec { Replicas = 1, Selector = { ["app"] = "web" }, Template = Template() },
        });
        var options = new DeleteOptions();
        if (policy is not null)
            options.PropagationPolicy = policy;
        var result = await _rig.Registry.DeleteAsync(RegistryRig.Scope<ReplicationController>("web"), options, default);

        Assert.False(result.Deleted);
        Assert.Equal([finalizer], ((ReplicationController)result.Response.Message).Metadata.Finalizers);
    }

    [Fact]
    public async Task Delete_Namespace_EndsThroughFinalize()
    {
        var created = await _rig.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = "team" } });
        Assert.Equal(["kubernetes"], created.Spec.Finalizers);
        var marked = await _rig.Registry.DeleteAsync(RegistryRig.Scope<Namespace>("team"), new DeleteOptions(), default);
        var ns = ((Namespace)marked.Response.Message).Clone();
        var refused = await Fails(async () => await _rig.Registry.CreateAsync(
            RegistryRig.Scope<ConfigMap>(ns: "team"), RegistryRig.ConfigMap("late"), default));
        ns.Spec.Finalizers.Clear();
        await _rig.Registry.UpdateAsync(RegistryRig.Scope<Namespace>("team", subresource: "finalize"), ns, default);

        Assert.Equal("Terminating", ns.Status.Phase);
        Assert.Equal("NamespaceTerminating", refused.Status.Details.Causes[0].Reason);
        Assert.True((await Fails(() => _rig.GetAsync<Namespace>("team"))).IsNotFound);
    }

    [Fact]
    public async Task Delete_DefaultNamespace_IsForbidden() => Assert.Equal(403, (await Fails(async () =>
        await _rig.Registry.DeleteAsync(RegistryRig.Scope<Namespace>("default"), new DeleteOptions(), default))).Code);

    [Fact]
    public async Task DeleteCollection_Selector_DeletesWhatMatches()
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            var map = RegistryRig.ConfigMap(name);
            map.Metadata.Labels["keep"] = name == "b" ? "yes" : "no";
            await _rig.CreateAsync(map);
        }

        var deleted = await _rig.Registry.DeleteCollectionAsync(
            RegistryRig.Scope<ConfigMap>(), new ListOptions { LabelSelector = "keep=no" }, new DeleteOptions(), default);
        var left = await _rig.Registry.ListAsync(RegistryRig.Scope<ConfigMap>(), new ListOptions(), default);

        Assert.Equal(["a", "c"], deleted.Items.Select(item => item.Object.Metadata.Name));
        Assert.Equal(["b"], left.Items.Select(item => item.Object.Metadata.Name));
    }

    [Fact]
    public async Task Get_OnAnotherServer_SeesAnAcknowledgedWriteAtOnce()
    {
        await using var other = await RegistryRig.HostOn(_rig.Store);
        for (var i = 0; i < 50; i++)
        {
            await _rig.CreateAsync(RegistryRig.ConfigMap($"m{i}"));
            await other.Registry.GetAsync(RegistryRig.Scope<ConfigMap>($"m{i}"), "", default);
        }
    }

    [Fact]
    public async Task Get_VersionNotReached_TimesOutWithKubernetesText()
    {
        var failure = await Fails(async () => await _rig.Registry.GetAsync(RegistryRig.Scope<ConfigMap>("one"), "999999", default));

        Assert.Equal(504, failure.Code);
        Assert.Equal("ResourceVersionTooLarge", failure.Status.Details.Causes[0].Reason);
    }

    [Fact]
    public async Task Restart_ObjectsAreStillThere()
    {
        var map = await _rig.CreateAsync(RegistryRig.ConfigMap("one"));
        await using var again = await RegistryRig.HostOn(_rig.Store);

        Assert.Equal(map, (await again.Registry.GetAsync(RegistryRig.Scope<ConfigMap>("one"), "0", default)).Message);
    }

    private static Deployment Deployment(string name) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Spec = new DeploymentSpec
        {
            Replicas = 1, Selector = new LabelSelector { MatchLabels = { ["app"] = "web" } }, Template = Template(),
        },
    };

    private static PodTemplateSpec Template() => new()
    {
        Metadata = new ObjectMeta { Labels = { ["app"] = "web" } },
        Spec = new PodSpec { Containers = { new Container { Name = "main", Image = "image" } } },
    };

    private static Task<StatusException> Fails(Func<Task> call) => Assert.ThrowsAsync<StatusException>(call);
}

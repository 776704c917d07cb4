using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.Quotas;

public sealed class ResourceQuotaControllerTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync()
    {
        _rig.HasKubelet = false;
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ReconcileAsync_NewQuota_CountsWhatIsThereAndNothingOfOthers()
    {
        _rig.Api.Seed(Pod("one", cpu: "500m", memory: "1Gi"));
        _rig.Api.Seed(Pod("two", cpu: "250m", memory: "512Mi"));
        _rig.Api.Seed(Pod("elsewhere", cpu: "1", memory: "1Gi", ns: "other"));
        var ended = Pod("ended", cpu: "1", memory: "1Gi");
        ended.Status.Phase = "Succeeded";
        _rig.Api.Seed(ended);
        _rig.Api.Seed(new ConfigMap { Metadata = new() { Namespace = "default", Name = "settings" } });
        _rig.Api.Seed(Quota(("pods", "10"), ("requests.cpu", "4"), ("memory", "4Gi"), ("limits.cpu", "8"), ("configmaps", "5"),
            ("count/replicasets.apps", "3"), ("services.nodeports", "1")));
        _rig.Start("resourcequota");

        await _rig.UntilAsync(() => Used("pods") == "2");

        Assert.Equal(("750m", "1536Mi", "0", "1", "0", "0"), (
            Used("requests.cpu"), Used("memory"), Used("limits.cpu"), Used("configmaps"), Used("count/replicasets.apps"), Used("services.nodeports")));
        Assert.Equal("10", Status().Hard["pods"].String);
    }

    [Fact]
    public async Task ReconcileAsync_PodEndsOrGoes_IsCountedNoMore()
    {
        _rig.Api.Seed(Pod("one", cpu: "1", memory: "1Gi"));
        _rig.Api.Seed(Pod("two", cpu: "1", memory: "1Gi"));
        _rig.Api.Seed(Quota(("pods", "10")));
        _rig.Start("resourcequota");
        await _rig.UntilAsync(() => Used("pods") == "2");

        _rig.Api.Change<Pod>("default", "one", pod => pod.Status.Phase = "Failed");
        await _rig.UntilAsync(() => Used("pods") == "1");
        _rig.Api.Remove<Pod>("default", "two");

        await _rig.UntilAsync(() => Used("pods") == "0");
    }

    [Fact]
    public async Task ReconcileAsync_AddedObject_LeavesTheChargeOfAdmissionAlone()
    {
        _rig.Api.Seed(Quota(("pods", "10")));
        _rig.Start("resourcequota");
        await _rig.UntilAsync(() => Used("pods") == "0");

        // Admission has charged three, and the cache shows only the first of them.
        _rig.Api.Change<ResourceQuota>("default", "quota", quota => quota.Status.Used["pods"] = new() { String = "3" });
        _rig.Api.Seed(Pod("one", cpu: "1", memory: "1Gi"));
        await _rig.SettleAsync();
        Assert.Equal("3", Used("pods"));

        await _rig.UntilAsync(() => Used("pods") == "1", "the count of every five minutes");
    }

    [Fact]
    public async Task ReconcileAsync_CountedBesideACreate_IsPutRightSoon()
    {
        _rig.Api.Seed(Pod("old", cpu: "1", memory: "1Gi"));
        _rig.Api.Seed(Quota(("pods", "10")));
        _rig.Start("resourcequota");
        await _rig.UntilAsync(() => Used("pods") == "1");

        // A pod is charged and not there yet when another goes.
        _rig.Api.Change<ResourceQuota>("default", "quota", quota => quota.Status.Used["pods"] = new() { String = "2" });
        _rig.Api.Remove<Pod>("default", "old");
        await _rig.UntilAsync(() => Used("pods") == "0");
        var began = _rig.Time.GetUtcNow();
        _rig.Api.Seed(Pod("young", cpu: "1", memory: "1Gi"));

        await _rig.UntilAsync(() => Used("pods") == "1");
        Assert.InRange(_rig.Time.GetUtcNow() - began, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task ReconcileAsync_BoundsChange_AreCountedAnew()
    {
        _rig.Api.Seed(Pod("one", cpu: "1", memory: "1Gi"));
        _rig.Api.Seed(Quota(("pods", "10")));
        _rig.Start("resourcequota");
        await _rig.UntilAsync(() => Used("pods") == "1");

        _rig.Api.Change<ResourceQuota>("default", "quota", quota => quota.Spec.Hard["requests.memory"] = new() { String = "2Gi" });

        await _rig.UntilAsync(() => Used("requests.memory") == "1Gi" && Status().Hard.Count == 2);
    }

    [Fact]
    public async Task ReconcileAsync_Scopes_CountOnlyThePodsThatFit()
    {
        _rig.Api.Seed(Pod("one", cpu: "1", memory: "1Gi"));
        var plain = Pod("plain", cpu: "1", memory: "1Gi");
        plain.Spec.Containers[0].Resources = null;
        _rig.Api.Seed(plain);
        var quota = Quota(("pods", "10"));
        quota.Spec.Scopes.Add("BestEffort");
        _rig.Api.Seed(quota);
        _rig.Start("resourcequota");

        await _rig.UntilAsync(() => Used("pods") == "1");
    }

    private static ResourceQuota Quota(params (string Name, string Amount)[] hard)
    {
        var quota = new ResourceQuota { Metadata = new() { Namespace = "default", Name = "quota" }, Spec = new() };
        foreach (var (name, amount) in hard)
        {
            quota.Spec.Hard[name] = new() { String = amount };
        }

        return quota;
    }

    private static Pod Pod(string name, string cpu, string memory, string ns = "default")
    {
        var pod = Make.Pod(name, ns: ns);
        pod.Spec.Containers[0].Resources = new() { Requests = { ["cpu"] = new() { String = cpu }, ["memory"] = new() { String = memory } } };
        return pod;
    }

    private ResourceQuotaStatus Status() => _rig.Api.Find<ResourceQuota>("default", "quota")!.Status ?? new();

    private string? Used(string name) => Status().Used.TryGetValue(name, out var amount) ? amount.String : null;
}

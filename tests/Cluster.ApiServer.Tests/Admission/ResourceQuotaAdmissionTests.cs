using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Tests.Registry;
using Cluster.ApiServer.WatchCache;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Admission;

/// <summary>Quotas over the real registry and store.</summary>
public sealed class ResourceQuotaAdmissionTests : IAsyncLifetime
{
    private readonly List<RegistryHost> _hosts = [];
    private RegistryRig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await RegistryRig.StartAsync();
        _hosts.Add(await HostAsync());
        _hosts.Add(await HostAsync());
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task CreateAsync_WithinTheBounds_IsChargedToTheStatus()
    {
        await QuotaAsync(("pods", "5"), ("requests.cpu", "2"));

        await CreateAsync(RegistryRig.Pod("one", cpu: "500m"));
        await CreateAsync(RegistryRig.Pod("two", cpu: "1"));

        Assert.Equal("pods=2,requests.cpu=1500m", await UsedAsync());
    }

    [Fact]
    public async Task CreateAsync_BeyondTheBounds_IsRefusedAndChargesNothing()
    {
        await QuotaAsync(("pods", "5"), ("requests.cpu", "1"));
        await CreateAsync(RegistryRig.Pod("one", cpu: "600m"));

        var refused = await Assert.ThrowsAsync<StatusException>(() => CreateAsync(RegistryRig.Pod("two", cpu: "500m")));

        Assert.Equal((403, "Forbidden"), (refused.Code, refused.Status.Reason));
        Assert.Equal(
            "pods \"two\" is forbidden: exceeded quota: quota, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1",
            refused.Message);
        Assert.Equal("pods=1,requests.cpu=600m", await UsedAsync());
    }

    [Fact]
    public async Task CreateAsync_ManyAtOnceThroughTwoServers_NeverPassTheBound()
    {
        await QuotaAsync(("count/configmaps", "7"));

        var results = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            try
            {
                await CreateAsync(RegistryRig.ConfigMap($"map-{i}"), host: i % 2);
                return true;
            }
            catch (StatusException e) when (e.Code == 403)
            {
                return false;
            }
        }));

        Assert.Equal(7, results.Count(created => created));
        Assert.Equal("count/configmaps=7", await UsedAsync());
    }

    [Fact]
    public async Task CreateAsync_PodThatDoesNotNameABoundedResource_IsRefused()
    {
        await QuotaAsync(("limits.memory", "1Gi"), ("cpu", "1"));

        var refused = await Assert.ThrowsAsync<StatusException>(() => CreateAsync(RegistryRig.Pod("one")));

        Assert.Equal("pods \"one\" is forbidden: failed quota: quota: must specify cpu for: main; limits.memory for: main", refused.Message);
    }

    [Fact]
    public async Task CreateAsync_QuotaNobodyHasCountedYet_IsRefused()
    {
        await _rig.CreateAsync(Quota(("configmaps", "5")));
        await SettleAsync();

        var refused = await Assert.ThrowsAsync<StatusException>(() => CreateAsync(RegistryRig.ConfigMap("one")));

        Assert.Equal("configmaps \"one\" is forbidden: status unknown for quota: quota, resources: configmaps", refused.Message);
    }

    [Fact]
    public async Task CreateAsync_DryRunOrTakenName_ChargesNothing()
    {
        await QuotaAsync(("configmaps", "1"));

        await _hosts[0].Registry.CreateAsync(RegistryRig.Scope<ConfigMap>() with { DryRun = true }, RegistryRig.ConfigMap("one"), default);
        Assert.Equal("configmaps=0", await UsedAsync());
        await CreateAsync(RegistryRig.ConfigMap("one"));
        await SettleAsync();
        var taken = await Assert.ThrowsAsync<StatusException>(() => CreateAsync(RegistryRig.ConfigMap("one")));

        Assert.True(taken.IsAlreadyExists, taken.Message);
        Assert.Equal("configmaps=1", await UsedAsync());
        await Assert.ThrowsAsync<StatusException>(
            async () => await _hosts[0].Registry.CreateAsync(RegistryRig.Scope<ConfigMap>() with { DryRun = true }, RegistryRig.ConfigMap("two"), default));
    }

    [Fact]
    public async Task UpdateAsync_ServiceThatGrows_IsChargedForTheGrowth()
    {
        await QuotaAsync(("services", "5"), ("services.nodeports", "1"));
        await CreateAsync(RegistryRig.Service("web"));
        Assert.Equal("services=1,services.nodeports=0", await UsedAsync());

        var service = await _rig.GetAsync<Service>("web");
        var changed = service.Clone();
        changed.Spec.Type = "NodePort";
        await UpdateAsync(changed);
        Assert.Equal("services=1,services.nodeports=1", await UsedAsync());
        var more = (await _rig.GetAsync<Service>("web")).Clone();
        more.Spec.Ports[0].Name = "a";
        more.Spec.Ports.Add(new ServicePort { Name = "b", Port = 81, Protocol = "TCP" });

        var refused = await Assert.ThrowsAsync<StatusException>(() => UpdateAsync(more));

        Assert.Contains("exceeded quota: quota, requested: services.nodeports=1, used: services.nodeports=1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateAsync_Scopes_ChargeOnlyThePodsThatFit()
    {
        var quota = Quota(("pods", "1"));
        quota.Spec.Scopes.Add("BestEffort");
        await QuotaAsync(quota);

        await CreateAsync(RegistryRig.Pod("burstable", cpu: "1"));
        await CreateAsync(RegistryRig.Pod("first"));
        await SettleAsync();

        await Assert.ThrowsAsync<StatusException>(() => CreateAsync(RegistryRig.Pod("second")));
        Assert.Equal("pods=1", await UsedAsync());
    }

    private static ResourceQuota Quota(params (string Name, string Amount)[] hard)
    {
        var quota = new ResourceQuota { Metadata = new() { Name = "quota" }, Spec = new() };
        foreach (var (name, amount) in hard)
            quota.Spec.Hard[name] = new() { String = amount };
        return quota;
    }

    /// <summary>A pod that is deleted and made anew at once, before its server has heard of the delete.</summary>
    [Fact]
    public async Task CreateAsync_NameThatOnlyTheCacheHasStill_IsCharged()
    {
        _hosts.Add(await HostAsync(reader => new LateReader(reader, RegistryRig.ConfigMap("late"))));
        await QuotaAsync(("configmaps", "1"));
        await CreateAsync(RegistryRig.ConfigMap("late"), host: 2);
        Assert.Equal("configmaps=1", await UsedAsync());

        var taken = await Assert.ThrowsAsync<StatusException>(() => CreateAsync(RegistryRig.ConfigMap("late"), host: 2));

        Assert.True(taken.IsAlreadyExists, taken.Message);
        Assert.Equal("configmaps=1", await UsedAsync());
    }

    [Fact]
    public async Task UpdateAsync_ThatIsTriedAgainAfterALostRace_IsChargedOnce()
    {
        await QuotaAsync(("services", "5"), ("services.nodeports", "1"));
        await CreateAsync(RegistryRig.Service("web"));
        var other = new OtherWriter(() => _rig.Host.Registry.PatchAsync(
            RegistryRig.Scope<Service>("web"), Cluster.Api.Patching.PatchMediaTypes.Merge, """{"metadata":{"labels":{"a":"b"}}}"""u8.ToArray(), default).AsTask());
        _hosts.Add(await HostAsync(also: other));
        var service = (await _rig.GetAsync<Service>("web")).Clone();
        service.Metadata.ResourceVersion = "";
        service.Spec.Type = "NodePort";

        await _hosts[2].Registry.UpdateAsync(RegistryRig.Scope<Service>("web"), service, default);

        Assert.Equal((2, "services=1,services.nodeports=1"), (other.Calls, await UsedAsync()));
    }

    /// <summary>The second try finds that somebody has done it already: nothing grows any more.</summary>
    [Fact]
    public async Task ValidateAsync_OfATryThatNeedsLess_GivesBack()
    {
        await QuotaAsync(("services", "5"), ("services.nodeports", "1"));
        var plain = RegistryRig.Service("web");
        plain.Metadata.Uid = "u";
        var grown = plain.Clone();
        grown.Spec.Type = "NodePort";
        var request = new AdmissionRequest { Scope = RegistryRig.Scope<Service>("web"), Operation = AdmissionOperation.Update, Object = grown, OldObject = plain };
        var admission = new ResourceQuotaAdmission(_hosts[0].Reader, new QuotaLedger(_rig.Store), TimeProvider.System);

        await admission.ValidateAsync(request, default);
        Assert.Equal("services=0,services.nodeports=1", await UsedAsync());
        await admission.ValidateAsync(request with { OldObject = grown }, default);
        Assert.Equal("services=0,services.nodeports=0", await UsedAsync());
    }

    private Task<RegistryHost> HostAsync(Func<IObjectReader, IObjectReader>? reading = null, IAdmissionPlugin? also = null) => RegistryHost.StartAsync(
        _rig.Store,
        new RegistryOptions { Advertise = new(System.Net.IPAddress.Parse("192.0.2.10"), 6443) },
        (reader, _) => [new ResourceQuotaAdmission(reading?.Invoke(reader) ?? reader, new QuotaLedger(_rig.Store), TimeProvider.System), .. also is null ? [] : new[] { also }],
        _ => [],
        [],
        NullLoggerFactory.Instance,
        TimeProvider.System,
        CancellationToken.None);

    private Task QuotaAsync(params (string Name, string Amount)[] hard) => QuotaAsync(Quota(hard));

    // As the controller leaves it: counted, with nothing used.
    private async Task QuotaAsync(ResourceQuota quota)
    {
        var made = (await _rig.CreateAsync(quota)).Clone();
        made.Status = new() { Hard = { made.Spec.Hard } };
        foreach (var name in made.Spec.Hard.Keys)
            made.Status.Used[name] = new() { String = "0" };
        await _rig.UpdateAsync(made, "status");
        await SettleAsync();
    }

    /// <summary>What is written is in the caches of both servers: a fresh read waits for that.</summary>
    private async Task SettleAsync()
    {
        foreach (var host in _hosts)
            await host.Reader.FindFreshAsync(ResourceCatalog.For<ResourceQuota>(), "default", "quota", default);
    }

    private async Task CreateAsync<T>(T obj, int host = 0)
        where T : class, IApiObject, new() => await _hosts[host].Registry.CreateAsync(RegistryRig.Scope<T>(), obj, default);

    private async Task UpdateAsync<T>(T obj)
        where T : class, IApiObject, new() => await _hosts[0].Registry.UpdateAsync(RegistryRig.Scope<T>(obj.Metadata.Name), obj, default);

    private async Task<string> UsedAsync() => string.Join(',', (await _rig.GetAsync<ResourceQuota>("quota")).Status.Used
        .OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}={one.Value.String}"));

    /// <summary>Somebody else writes between the charge and the store, the first time.</summary>
    private sealed class OtherWriter(Func<Task> write) : IAdmissionPlugin
    {
        public int Calls { get; private set; }

        public string Name => "OtherWriter";

        public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
        {
            if (request.Object is Service && Calls++ == 0)
                await write();
        }
    }

    /// <summary>The cache of a server that still has an object which is gone.</summary>
    private sealed class LateReader(IObjectReader reader, IApiObject gone) : IObjectReader
    {
        public IApiObject? Find(ResourceType type, string? ns, string name) =>
            type == ResourceCatalog.For(gone) && name == gone.Metadata.Name ? gone : reader.Find(type, ns, name);

        public SortedSnapshot Snapshot(ResourceType type) => reader.Snapshot(type);

        public ValueTask<IApiObject?> FindFreshAsync(ResourceType type, string? ns, string name, CancellationToken cancellationToken) =>
            reader.FindFreshAsync(type, ns, name, cancellationToken);

        public IEnumerable<IApiObject> List(ResourceType type, string ns) => reader.List(type, ns);
    }
}

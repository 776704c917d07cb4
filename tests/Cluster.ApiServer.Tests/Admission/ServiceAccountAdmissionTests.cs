using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Admission;
using Cluster.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class ServiceAccountAdmissionTests
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    private readonly FakeObjects _objects = new();
    private readonly FakeTimeProvider _time = new();
    private readonly ServiceAccountAdmission _plugin;
    private readonly ServiceAccount _account = new()
    {
        Metadata = new() { Namespace = "shop", Name = "default" },
        ImagePullSecrets = { new LocalObjectReference { Name = "registry" } },
    };

    public ServiceAccountAdmissionTests()
    {
        _plugin = new ServiceAccountAdmission(_objects, _time);
        _objects.Cached.Add(_account);
    }

    [Fact]
    public async Task AdmitAsync_PlainPod_GetsAccountTokenAndPullSecrets()
    {
        var pod = Pod();
        await AdmitAsync(pod);

        Assert.Equal("default", pod.Spec.ServiceAccountName);
        Assert.Equal("registry", Assert.Single(pod.Spec.ImagePullSecrets).Name);
        var volume = Assert.Single(pod.Spec.Volumes);
        Assert.Matches("^kube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}$", volume.Name);
        Assert.Equal(3, volume.VolumeSource.Projected.Sources.Count);
        Assert.Equal(3607, volume.VolumeSource.Projected.Sources[0].ServiceAccountToken.ExpirationSeconds);
        Assert.Equal(0x1a4, volume.VolumeSource.Projected.DefaultMode);
        Assert.All(pod.Spec.Containers.Concat(pod.Spec.InitContainers), container =>
        {
            var mount = Assert.Single(container.VolumeMounts);
            Assert.Equal((volume.Name, MountPath, true), (mount.Name, mount.MountPath, mount.ReadOnly));
        });
    }

    [Fact]
    public async Task AdmitAsync_Twice_AddsNothingMore()
    {
        var pod = Pod();
        await AdmitAsync(pod);
        var once = pod.Clone();
        await AdmitAsync(pod);

        Assert.Equal(once, pod);
    }

    [Theory]
    [InlineData(false, null, false)]
    [InlineData(false, true, true)]
    [InlineData(null, false, false)]
    [InlineData(true, false, false)]
    public async Task AdmitAsync_Automount_ThePodsWordCountsFirst(bool? account, bool? ofPod, bool mounted)
    {
        var pod = Pod();
        if (account is { } fromAccount)
            _account.AutomountServiceAccountToken = fromAccount;
        if (ofPod is { } fromPod)
            pod.Spec.AutomountServiceAccountToken = fromPod;
        await AdmitAsync(pod);

        Assert.Equal(mounted ? 1 : 0, pod.Spec.Volumes.Count);
    }

    [Fact]
    public async Task AdmitAsync_OwnMountAtThePlace_IsLeftAlone()
    {
        var pod = Pod();
        pod.Spec.InitContainers.Clear();
        pod.Spec.Containers.RemoveAt(1);
        pod.Spec.Containers[0].VolumeMounts.Add(new VolumeMount { Name = "mine", MountPath = MountPath });
        await AdmitAsync(pod);

        Assert.Empty(pod.Spec.Volumes);
        Assert.Equal("mine", Assert.Single(pod.Spec.Containers[0].VolumeMounts).Name);
    }

    [Fact]
    public async Task AdmitAsync_AccountMissing_IsForbiddenAfterASecond()
    {
        var pod = Pod();
        pod.Spec.ServiceAccountName = "robot";
        var admitting = AdmitAsync(pod);
        await AdvanceUntilDoneAsync(admitting);

        var failure = await Assert.ThrowsAsync<StatusException>(() => admitting);
        Assert.Equal(
            "pods \"web\" is forbidden: error looking up service account shop/robot: serviceaccount \"robot\" not found", failure.Message);
        Assert.Equal(10, _objects.FreshReads);
    }

    [Fact]
    public async Task AdmitAsync_AccountAppearsWhileWaiting_IsUsed()
    {
        var pod = Pod();
        pod.Spec.ServiceAccountName = "late";
        var admitting = AdmitAsync(pod);
        _objects.Cached.Add(new ServiceAccount { Metadata = new() { Namespace = "shop", Name = "late" } });
        await AdvanceUntilDoneAsync(admitting);

        await admitting;
        Assert.Single(pod.Spec.Volumes);
    }

    private Task AdmitAsync(Pod pod) => _plugin.AdmitAsync(FakeObjects.Create(pod), TestContext.Current.CancellationToken).AsTask();

    private Task AdvanceUntilDoneAsync(Task task) => Eventually.True(() =>
    {
        _time.Advance(TimeSpan.FromMilliseconds(100));
        return task.IsCompleted;
    });

    private static Pod Pod() => new()
    {
        Metadata = new() { Namespace = "shop", Name = "web" },
        Spec = new()
        {
            Containers = { new Container { Name = "a" }, new Container { Name = "b" } },
            InitContainers = { new Container { Name = "init" } },
        },
    };
}

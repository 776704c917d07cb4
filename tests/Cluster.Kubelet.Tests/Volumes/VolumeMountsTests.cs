using Cluster.Api.CoreV1;
using Cluster.Kubelet.Tests.Rigs;
using Cluster.Kubelet.Variables;
using Cluster.Kubelet.Volumes;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Volumes;

public sealed class VolumeMountsTests : IDisposable
{
    private readonly TempDirectory volume = new();

    public void Dispose() => volume.Dispose();

    [Fact]
    public void For_ASubPath_MakesItInsideTheVolume()
    {
        var mount = Assert.Single(Mounts(new VolumeMount { Name = "v", MountPath = "data", SubPathExpr = "$(POD)/logs", ReadOnly = true }));

        Assert.Equal((volume.File("web/logs"), "/data", true), (mount.HostPath, mount.ContainerPath, mount.ReadOnly));
        Assert.True(Directory.Exists(volume.File("web/logs")));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc")]
    [InlineData("link")]
    [InlineData("link/passwd")]
    public void For_ASubPathThatLeadsOut_IsRefused(string path)
    {
        Directory.CreateSymbolicLink(volume.File("link"), "/etc");

        Assert.Throws<ContainerConfigException>(() => Mounts(new VolumeMount { Name = "v", MountPath = "/data", SubPath = path }));
    }

    [Fact]
    public void For_AnUnknownVolume_IsRefused() =>
        Assert.Throws<ContainerConfigException>(() => Mounts(new VolumeMount { Name = "other", MountPath = "/data" }));

    private IReadOnlyList<Containers.BindMount> Mounts(VolumeMount mount) => VolumeMounts.For(
        PodsOf.Container("c").With(container => container.VolumeMounts.Add(mount)),
        new Dictionary<string, string> { ["v"] = volume.Path },
        new Dictionary<string, string> { ["POD"] = "web" });
}

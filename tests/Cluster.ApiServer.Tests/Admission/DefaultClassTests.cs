using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.NetworkingV1;
using Cluster.Api.StorageV1;
using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Tests.Admission;

public sealed class DefaultClassTests
{
    private readonly FakeObjects _objects = new();

    [Fact]
    public async Task Claim_WithoutAClass_GetsTheNewestDefault()
    {
        Assert.False((await ClaimAsync(new())).HasStorageClassName);
        _objects.Cached.AddRange([Storage("old", 1, "true"), Storage("new", 2, "true"), Storage("newest", 3, "false"), Storage("same", 2, "true")]);

        Assert.Equal("new", (await ClaimAsync(new())).StorageClassName);
    }

    [Fact]
    public async Task Claim_WithAClassOrNoneOnPurpose_KeepsIt()
    {
        _objects.Cached.Add(Storage("old", 1, "true"));

        Assert.Equal("mine", (await ClaimAsync(new() { StorageClassName = "mine" })).StorageClassName);
        Assert.Equal("", (await ClaimAsync(new() { StorageClassName = "" })).StorageClassName);
        Assert.False((await ClaimAsync(new(), ("volume.beta.kubernetes.io/storage-class", "mine"))).HasStorageClassName);
    }

    [Fact]
    public async Task Ingress_WithoutAClass_GetsTheNewestDefault()
    {
        Assert.False((await IngressAsync(new())).HasIngressClassName);
        _objects.Cached.AddRange([Ingresses("old", 1), Ingresses("new", 2)]);

        Assert.Equal("new", (await IngressAsync(new())).IngressClassName);
        Assert.Equal("mine", (await IngressAsync(new() { IngressClassName = "mine" })).IngressClassName);
        Assert.False((await IngressAsync(new(), ("kubernetes.io/ingress.class", "nginx"))).HasIngressClassName);
    }

    private async Task<PersistentVolumeClaimSpec> ClaimAsync(PersistentVolumeClaimSpec spec, (string, string)? annotation = null)
    {
        var claim = new PersistentVolumeClaim { Metadata = Meta("data", annotation), Spec = spec };
        await new DefaultStorageClass(_objects).AdmitAsync(FakeObjects.Create(claim), TestContext.Current.CancellationToken);
        return claim.Spec;
    }

    private async Task<IngressSpec> IngressAsync(IngressSpec spec, (string, string)? annotation = null)
    {
        var ingress = new Ingress { Metadata = Meta("web", annotation), Spec = spec };
        await new DefaultIngressClass(_objects).AdmitAsync(FakeObjects.Create(ingress), TestContext.Current.CancellationToken);
        return ingress.Spec;
    }

    private static ObjectMeta Meta(string name, (string Key, string Value)? annotation)
    {
        var meta = new ObjectMeta { Namespace = "shop", Name = name };
        if (annotation is { } given)
            meta.Annotations[given.Key] = given.Value;
        return meta;
    }

    private static StorageClass Storage(string name, long seconds, string isDefault) =>
        new() { Metadata = Class(name, seconds, "storageclass.kubernetes.io/is-default-class", isDefault) };

    private static IngressClass Ingresses(string name, long seconds) =>
        new() { Metadata = Class(name, seconds, "ingressclass.kubernetes.io/is-default-class", "true") };

    private static ObjectMeta Class(string name, long seconds, string annotation, string value) =>
        new() { Name = name, CreationTimestamp = new Time { Seconds = seconds }, Annotations = { [annotation] = value } };
}

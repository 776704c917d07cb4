using Cluster.Api.CoreV1;

namespace Cluster.Api.Tests;

public sealed class ClientResourcesTests
{
    [Fact]
    public void Proxys_OfEachKind_AreAsTheCatalogSays()
    {
        Assert.NotEmpty(ClientResources.Proxys.All);
        foreach (var type in ClientResources.Proxys.All)
        {
            var known = ResourceCatalog.Find(type.Descriptor)!;
            Assert.Equal((known.ApiVersion, known.Kind, known.Plural, known.Namespaced), (type.ApiVersion, type.Kind, type.Plural, type.Namespaced));
            Assert.Equal(known.ListDescriptor, type.ListDescriptor);
            Assert.Same(type, ClientResources.Proxys.Find(type.Descriptor));
        }
    }

    [Fact]
    public void For_AKindOfTheCatalog_IsItsResource() => Assert.Same(ResourceCatalog.For<Pod>(), ClientResources.For<Pod>());

    [Fact]
    public void For_AMessageThatIsNoResource_SaysSo() => Assert.Throws<KeyNotFoundException>(() => ClientResources.For(new PodSpec()));
}

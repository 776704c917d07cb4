using System.Text;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.ApiServer.Tests.CustomResources;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Tests.WatchCache;

public sealed class StoredFormTests
{
    /// <summary>The rings of events are bounded by these bytes.</summary>
    [Fact]
    public void Decode_OfAnyKind_TellsItsBytes()
    {
        var widgets = Widgets();
        var widget = Encoding.UTF8.GetBytes(CustomRig.Widget("a.example.com", "w", "{}"));
        var maps = ResourceCatalog.For<ConfigMap>();
        var map = StoredForm.Encode(maps, new ConfigMap { Metadata = new() { Name = "m" }, Data = { ["a"] = "b" } });

        Assert.Equal(widget.Length, StoredForm.Decode(widgets, new StoreEntry("/registry/w", widget, 1, 1)).StoredBytes);
        Assert.Equal(map.Length, StoredForm.Decode(maps, new StoreEntry("/registry/m", map, 1, 1)).StoredBytes);
    }

    [Fact]
    public void Decode_OfWhatCannotBeRead_IsTheServersFailureAndNamesTheKey()
    {
        foreach (var type in (ResourceType[])[Widgets(), ResourceCatalog.For<Secret>()])
        {
            var failure = Assert.Throws<StatusException>(() => StoredForm.Decode(type, new StoreEntry("/registry/x/default/bad", "hidden"u8.ToArray(), 1, 1)));

            Assert.Equal((500, "InternalError"), (failure.Code, failure.Status.Reason));
            Assert.Equal("Internal error occurred: the value of \"/registry/x/default/bad\" in the store cannot be read", failure.Message);
        }
    }

    private static ResourceType Widgets() => CustomKinds.Of(
        JsonCodec.Decode<CustomResourceDefinition>(Encoding.UTF8.GetBytes(CustomRig.Definition("a.example.com", """{"type":"object"}""").ToJsonString())))[0];
}

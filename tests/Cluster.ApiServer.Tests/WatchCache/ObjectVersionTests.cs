using System.Text;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Tests.CustomResources;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Tests.WatchCache;

public sealed class ObjectVersionTests
{
    private const int LongEnough = 10;

    [Fact]
    public void Rest_OfWhatNobodyUses_LetsGo_AndTheNextReaderFindsTheSame()
    {
        ObjectVersion version = Stored();
        var obj = (ConfigMap)version.Object;
        string json = Encoding.UTF8.GetString(version.Json.Span);
        byte[] protobuf = version.Protobuf.ToArray();

        for (int i = 0; i < LongEnough; i++) version.Rest();

        Assert.False(version.HasMessage);
        Assert.NotSame(obj, version.Object);
        Assert.Equal(obj, version.Object);
        Assert.Equal("7", version.Object.Metadata.ResourceVersion);
        Assert.Equal(json, Encoding.UTF8.GetString(version.Json.Span));
        Assert.Equal(protobuf, version.Protobuf.ToArray());
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    public void Rest_OfAnAddedKind_LetsGo_AndTheNextReaderFindsTheSameInEachVersion(string written)
    {
        var definition = CustomRig.Definition("a.example.com", """{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string","default":"given"}}}""");
        var other = definition["spec"]!["versions"]![0]!.DeepClone();
        (other["name"], other["storage"]) = ("v2", false);
        other["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!.AsObject().Remove("b");
        definition["spec"]!["versions"]!.AsArray().Add(other);
        var types = CustomKinds.Of(JsonCodec.Decode<CustomResourceDefinition>(Encoding.UTF8.GetBytes(definition.ToJsonString())));
        var bytes = Encoding.UTF8.GetBytes(CustomRig.Widget("a.example.com", "w", """{"a":"x"}""", written));
        var version = StoredForm.Decode(types[0], new StoreEntry("/registry/a.example.com/widgets/default/w", bytes, 7, 7));
        string stored = Text(version.Json), shown = Text(version.As(types[1]).Json);

        for (int i = 0; i < LongEnough; i++) version.Rest();

        Assert.False(version.HasMessage);
        Assert.Contains("\"b\":\"given\"", stored, StringComparison.Ordinal);
        Assert.Equal((stored, shown), (Text(version.Json), Text(version.As(types[1]).Json)));
        Assert.Equal(("7", written == "v1"), (version.Object.Metadata.ResourceVersion, version.IsStoredAsNow));

        static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);
    }

    /// <summary>Clients of two versions do not have each other's made anew; a webhook that was mended is seen after a while, whoever reads.</summary>
    [Fact]
    public void Keep_OfConversions_IsForEachVersion_AndForAMinute()
    {
        var definition = CustomRig.Definition("a.example.com", """{"type":"object"}""");
        var versions = definition["spec"]!["versions"]!.AsArray();
        foreach (var name in (string[])["v2", "v3"])
        {
            var other = versions[0]!.DeepClone();
            (other["name"], other["storage"]) = (name, false);
            versions.Add(other);
        }

        definition["spec"]!["conversion"] = System.Text.Json.Nodes.JsonNode.Parse(
            """{"strategy":"Webhook","webhook":{"clientConfig":{"url":"https://a.b/c"},"conversionReviewVersions":["v1"]}}""");
        var types = CustomKinds.Of(JsonCodec.Decode<CustomResourceDefinition>(Encoding.UTF8.GetBytes(definition.ToJsonString())));
        var bytes = Encoding.UTF8.GetBytes(CustomRig.Widget("a.example.com", "w", "{}"));
        var version = StoredForm.Decode(types[0], new StoreEntry("/registry/a.example.com/widgets/default/w", bytes, 7, 7));
        var second = version.Keep(types[1], (CustomObject)version.Object.Copy());
        var third = version.Keep(types[2], (CustomObject)version.Object.Copy());

        for (int i = 0; i < 5; i++)
        {
            version.Rest();
            Assert.Same(second, version.Known(types[1]));
            Assert.Same(third, version.Known(types[2]));
        }

        version.Rest();
        Assert.Null(version.Known(types[1]));
        Assert.Null(version.Known(types[2]));
    }

    [Fact]
    public void Rest_BetweenUses_LetsNothingGo()
    {
        ObjectVersion version = Stored();
        var obj = version.Object;
        ReadOnlyMemory<byte> json = version.Json;
        for (int i = 0; i < LongEnough; i++)
        {
            version.Rest();
            Assert.Same(obj, version.Object);
            Assert.True(json.Span == version.Json.Span);
        }
    }

    [Fact]
    public void Rest_OfOneThatWasNotRead_KeepsItsObject()
    {
        ObjectVersion version = Versions.Of("a");
        var obj = version.Object;

        for (int i = 0; i < LongEnough; i++) version.Rest();
        version.Forget();

        Assert.Same(obj, version.Object);
    }

    [Fact]
    public void Forget_OfOneThatWasRead_KeepsItsBytesAlone()
    {
        ObjectVersion version = Stored();

        version.Forget();

        Assert.False(version.HasMessage);
        Assert.Equal("value", ((ConfigMap)version.Object).Data["key"]);
    }

    private static ObjectVersion Stored()
    {
        var obj = new ConfigMap { Metadata = new ObjectMeta { Name = "a", Namespace = "default" }, Data = { ["key"] = "value" } };
        return StoredForm.Decode(Versions.ConfigMaps, new StoreEntry("/registry/configmaps/default/a", StoredForm.Encode(Versions.ConfigMaps, obj), 7, 7));
    }
}

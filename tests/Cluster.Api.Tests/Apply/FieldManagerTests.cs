using System.Text.Json.Nodes;
using Cluster.Api.Apply;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Tests.Apply;

public sealed class FieldManagerTests
{
    [Fact]
    public void Apply_ElementWhoseKeyIsNullTwice_StandsThereOnce()
    {
        // A null is not stored: it has to count as what is found there, the key's default.
        var manager = new FieldManager(ConfigMap.Descriptor, "", []);
        var config = JsonNode.Parse("""
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"b","uid":null}]}}
            """)!.AsObject();
        var once = manager.Apply(null, config.DeepClone().AsObject(), "me", force: false, new Time());
        var twice = manager.Apply(once, config, "me", force: false, new Time());
        Assert.Single(twice.Metadata.OwnerReferences);
    }
}

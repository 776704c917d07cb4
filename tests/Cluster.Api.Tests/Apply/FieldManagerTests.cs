using System.Text.Json.Nodes;
using Cluster.Api.Apply;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Tests.Apply;

public sealed class FieldManagerTests
{
    [Fact]
    public void Apply_ElementWhoseKeyIsNull_IsRefusedAsOneThatOmitsIt()
    {
        // Applied once more it would not be found by that key again, and stand there twice.
        var manager = new FieldManager(ConfigMap.Descriptor, "", []);
        var config = JsonNode.Parse("""
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"b","uid":null}]}}
            """)!.AsObject();
        var refused = Assert.Throws<StatusException>(() => manager.Apply(null, config, "me", force: false, new Time()));
        Assert.InRange(refused.Code, 400, 499);
        Assert.Contains("omits key field \"uid\"", refused.Message, StringComparison.Ordinal);
    }
}

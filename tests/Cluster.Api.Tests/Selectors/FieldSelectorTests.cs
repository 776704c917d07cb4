using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Selectors;

namespace Cluster.Api.Tests.Selectors;

public class FieldSelectorTests
{
    private static readonly ResourceType PodType = ResourceCatalog.FindKind("v1", "Pod")!;

    private static readonly Pod Web = new()
    {
        Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
        Spec = new PodSpec { NodeName = "n1", RestartPolicy = "Always" },
        Status = new PodStatus { Phase = "Running" },
    };

    [Theory]
    [InlineData("", true)]
    [InlineData("metadata.name=web", true)]
    [InlineData("metadata.name==web,metadata.namespace=default", true)]
    [InlineData("metadata.name!=web", false)]
    [InlineData("spec.nodeName=n1,status.phase!=Failed,status.phase!=Succeeded", true)]
    [InlineData("spec.host=n1", true)]
    [InlineData("spec.nodeName=", false)]
    [InlineData("spec.hostNetwork=false", true)]
    public void Matches_Pod_ComparesItsFields(string text, bool expected) =>
        Assert.Equal(expected, FieldSelector.Parse(text, PodType).Matches(Web));

    [Fact]
    public void Matches_PodWithoutSpec_ReadsEmptyFields() => Assert.True(FieldSelector.Parse("spec.nodeName=", PodType).Matches(new Pod()));

    [Theory]
    [InlineData("v1", "Pod", "spec.image=x", "field label not supported: spec.image")]
    [InlineData("v1", "Node", "spec.host=x", "field label not supported: spec.host")]
    [InlineData("v1", "ConfigMap", "data=x", "\"data\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    [InlineData("v1", "Pod", "nonsense", "invalid selector: 'nonsense'; can't understand 'nonsense'")]
    [InlineData("v1", "Pod", "metadata.name=a\\b", "invalid field selector: invalid escape sequence: \\b")]
    [InlineData("v1", "Pod", "metadata.name=a=b", "invalid field selector: unescaped character in value: 61")]
    public void Parse_Bad_IsABadRequestInKubernetesWords(string apiVersion, string kind, string text, string message)
    {
        var failure = Assert.Throws<StatusException>(() => FieldSelector.Parse(text, ResourceCatalog.FindKind(apiVersion, kind)!));

        Assert.Equal((400, message), (failure.Code, failure.Message));
    }

    [Fact]
    public void RequiredValue_OfEscapedTerm_IsPlain()
    {
        var selector = FieldSelector.Parse(@"metadata.name=a\,b\=c\\", PodType);

        Assert.Equal(@"a,b=c\", selector.RequiredValue("metadata.name"));
        Assert.Equal(@"metadata.name=a\,b\=c\\", selector.ToString());
    }

    [Fact]
    public void Matches_EventByInvolvedObject_AsDescribeAsks()
    {
        var type = ResourceCatalog.FindKind("v1", "Event")!;
        var selector = FieldSelector.Parse("involvedObject.name=web,involvedObject.kind=Pod,involvedObject.uid=u", type);

        Assert.True(selector.Matches(new Event { InvolvedObject = new ObjectReference { Name = "web", Kind = "Pod", Uid = "u" } }));
        Assert.False(selector.Matches(new Event { InvolvedObject = new ObjectReference { Name = "web", Kind = "Pod", Uid = "v" } }));
    }
}

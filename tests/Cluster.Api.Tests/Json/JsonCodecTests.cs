using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;

namespace Cluster.Api.Tests.Json;

public sealed class JsonCodecTests
{
    [Fact]
    public void Encode_DecodedPod_WritesTheSameBytes()
    {
        const string json = """
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"default","creationTimestamp":null,"labels":{"a":"1","b":"\u003c2\u003e \u0026 \u2028"}},"spec":{"volumes":[{"name":"tmp","emptyDir":{"sizeLimit":"64Mi"}},{"name":"cfg","configMap":{"name":"c","defaultMode":420}}],"containers":[{"name":"c","image":"nginx","ports":[{"containerPort":80}],"resources":{"requests":{"cpu":"100m","memory":"1Gi"}},"livenessProbe":{"tcpSocket":{"port":80}},"readinessProbe":{"httpGet":{"path":"/","port":"web"},"periodSeconds":5}}],"terminationGracePeriodSeconds":0},"status":{}}
            """;
        var pod = JsonCodec.Decode<Pod>(Encoding.UTF8.GetBytes(json));

        Assert.Equal(json, Text(pod));
        Assert.Equal("c", pod.Spec.Volumes[1].VolumeSource.ConfigMap.LocalObjectReference.Name);
        Assert.Equal("web", pod.Spec.Containers[0].ReadinessProbe.Handler.HttpGet.Port.StrVal);
        Assert.True(pod.Spec.HasTerminationGracePeriodSeconds);
    }

    [Fact]
    public void Encode_EmptyPod_WritesWhatIsAlwaysWritten() => Assert.Equal(
        """{"kind":"Pod","apiVersion":"v1","metadata":{"creationTimestamp":null},"spec":{"containers":null},"status":{}}""", Text(new Pod()));

    [Fact]
    public void Encode_EmptyList_WritesItemsAsArray() => Assert.Equal(
        """{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}""", Text(new PodList()));

    [Fact]
    public void Encode_ResourceVersionGiven_StandsInTheOutermostMetadataOnly()
    {
        var set = new AppsV1.ReplicaSet { Metadata = new ObjectMeta { Name = "x", ResourceVersion = "1" }, Spec = new() { Template = new() { Metadata = new() } } };
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        JsonCodec.Encode(set, output, "apps/v1", "ReplicaSet", "42");

        var text = Encoding.UTF8.GetString(output.WrittenSpan);
        Assert.Contains("""{"name":"x","resourceVersion":"42","creationTimestamp":null}""", text, StringComparison.Ordinal);
        Assert.Equal(text.IndexOf("resourceVersion", StringComparison.Ordinal), text.LastIndexOf("resourceVersion", StringComparison.Ordinal));
    }

    [Fact]
    public void Encode_Status_UsesTheCoreVersion() => Assert.Equal(
        """{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","code":404}""", Text(new Status { Status_ = "Failure", Code = 404 }));

    [Fact]
    public void Encode_WatchEvent_EmbedsTheObject()
    {
        var watchEvent = new WatchEvent { Type = "ADDED", Object = new() { Raw = Google.Protobuf.ByteString.CopyFromUtf8("""{ "kind" : "Pod" , "x" : "a <b>" }""") } };
        Assert.Equal("""{"type":"ADDED","object":{"kind":"Pod","x":"a \u003cb\u003e"}}""", Text(watchEvent));
    }

    [Fact]
    public void Encode_WatchEventInProtobuf_ShowsTheObject()
    {
        var pod = new Pod { Metadata = new ObjectMeta { Name = "web" } };
        var watchEvent = new WatchEvent { Type = "ADDED", Object = new() { Raw = Google.Protobuf.ByteString.CopyFrom(Envelope.Encode(pod)) } };
        Assert.Equal($$"""{"type":"ADDED","object":{{Text(pod)}}}""", Text(watchEvent));
    }

    [Fact]
    public void Decode_UnknownAndDuplicateFields_WarnWithPaths()
    {
        var warnings = new List<string>();
        var pod = (Pod)JsonCodec.Decode(
            """{"spec":{"containers":[{"name":"a"},{"name":"b","name":"c","foo":{"x":[1]}}],"Volumes":[]},"metadata":{"labels":{"k":"1","k":"2"}},"x":1}"""u8,
            Pod.Descriptor, FieldValidation.Warn, warnings);

        Assert.Equal("c", pod.Spec.Containers[1].Name);
        Assert.Equal(
            ["duplicate field \"spec.containers[1].name\"", "unknown field \"spec.containers[1].foo\"", "unknown field \"spec.Volumes\"", "duplicate field \"metadata.labels.k\"", "unknown field \"x\""],
            warnings);
    }

    // Texts of other failures are held to Go's own in Vectors/ErrorVectorTests.
    [Theory]
    [InlineData("""{"apiVersion":"v2","kind":"Pod"}""", "Pod in version \"v2\" cannot be handled as a Pod: no kind \"Pod\" is registered for ")]
    [InlineData("""{"kind":"Service"}""", "Service in version \"v1\" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): ")]
    [InlineData("""{"kind":"Pod","spec":{"foo":1}}""", "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: ")]
    [InlineData("""{"a" 1}""", "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: ")]
    public void Decode_BadBody_AnswersAsKubernetesDoes(string body, string message)
    {
        var error = Assert.Throws<StatusException>(() => JsonCodec.Decode(Encoding.UTF8.GetBytes(body), Pod.Descriptor, FieldValidation.Strict, null));
        Assert.Equal((400, "BadRequest"), (error.Code, error.Reason));
        Assert.StartsWith(message, error.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_EndlessNesting_IsRefused()
    {
        var body = Encoding.UTF8.GetBytes("""{"x":""" + new string('[', 20_000) + new string(']', 20_000) + "}");
        var error = Assert.Throws<StatusException>(() => JsonCodec.Decode(body, Pod.Descriptor, FieldValidation.Ignore, null));
        Assert.Contains("exceeded max depth", error.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_Null_IsAbsent()
    {
        var pod = JsonCodec.Decode<Pod>("""{"metadata":null,"spec":{"priority":null,"nodeSelector":{"a":null},"containers":[null]}}"""u8);
        Assert.Null(pod.Metadata);
        Assert.False(pod.Spec.HasPriority);
        Assert.Equal("", pod.Spec.NodeSelector["a"]);
        Assert.Equal(new Container(), Assert.Single(pod.Spec.Containers));
    }

    [Fact]
    public void Decode_HalfSurrogate_BecomesReplacementCharacter() =>
        Assert.Equal("\uFFFDx", JsonCodec.Decode<Pod>("""{"metadata":{"name":"\ud800x"}}"""u8).Metadata.Name);

    [Fact]
    public void Decode_HalfSurrogateForBase64_IsRefused()
    {
        var body = Encoding.UTF8.GetBytes("""{"kind":"Secret","apiVersion":"v1","data":{"a":"\ud800"}}""");
        var error = Assert.Throws<StatusException>(() => JsonCodec.Decode(body, Secret.Descriptor, FieldValidation.Strict, null));
        Assert.Equal(400, error.Code);
        Assert.Contains("illegal base64 data at input byte 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromNode_OfToNode_IsTheObject()
    {
        var pod = new Pod { Metadata = new ObjectMeta { Name = "é<>", CreationTimestamp = Times.ToTime(DateTimeOffset.UnixEpoch) } };
        Assert.Equal(pod, JsonCodec.FromNode(JsonCodec.ToNode(pod), Pod.Descriptor, FieldValidation.Strict, null).WithSpec(pod));
    }

    private static string Text(Google.Protobuf.IMessage message) => Encoding.UTF8.GetString(JsonCodec.EncodeToBytes(message));
}

file static class PodExtensions
{
    // JSON always shows spec and status, so that they come back as empty ones.
    public static Pod WithSpec(this Google.Protobuf.IMessage decoded, Pod original)
    {
        var pod = (Pod)decoded;
        Assert.Equal(new PodSpec(), pod.Spec);
        pod.Spec = original.Spec;
        pod.Status = original.Status;
        return pod;
    }
}

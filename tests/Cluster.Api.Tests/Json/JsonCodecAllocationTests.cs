using System.Buffers;
using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.Tests.Vectors;

namespace Cluster.Api.Tests.Json;

/// <summary>The codec makes the message or the text, and next to nothing beside: every API request passes it.</summary>
public sealed class JsonCodecAllocationTests
{
    private const int Repetitions = 50;
    private const int Tries = 5;

    private static readonly ObjectVector Vector = Vectors.Vector.Read<ObjectVector>("objects.json")
        .Single(vector => vector is { ApiVersion: "v1", Kind: "Pod", Shape: "full" });

    [Fact]
    public void Decode_AllocatesLittleMoreThanTheProtobufParser()
    {
        var json = Encoding.UTF8.GetBytes(Vector.Json);
        var protobuf = Api.Protobuf.Envelope.Open(Vector.Protobuf).Raw;
        var parser = Measure(() => Pod.Parser.ParseFrom(protobuf.Span));
        Assert.InRange(Measure(() => JsonCodec.Decode<Pod>(json)), 1, parser * 11 / 10);
    }

    [Fact]
    public void Encode_AllocatesLessThanItsText()
    {
        var pod = JsonCodec.Decode<Pod>(Encoding.UTF8.GetBytes(Vector.Json));
        var output = new ArrayBufferWriter<byte>(Vector.Json.Length * 2);
        var bytes = Measure(() =>
        {
            output.ResetWrittenCount();
            JsonCodec.Encode(pod, output);
        });
        Assert.InRange(bytes, 0, Vector.Json.Length);
    }

    // The least of some: what the just-in-time compiler makes of the code meanwhile allocates differently.
    private static long Measure(Action action) => Enumerable.Range(0, Tries).Min(_ => MeasureOnce(action));

    private static long MeasureOnce(Action action)
    {
        action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var count = 0; count < Repetitions; count++)
            action();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / Repetitions;
    }
}

using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;

namespace Cluster.Api.Tests.Protobuf;

public sealed class EnvelopeTests
{
    private static readonly Pod Example = new()
    {
        Metadata = new ObjectMeta { Name = "web", Labels = { ["b"] = "2", ["a"] = "1" } },
        Spec = new PodSpec { NodeName = "n" },
    };

    [Fact]
    public void Decode_OfEncode_GivesKindAndMessage()
    {
        var bytes = Envelope.Encode(Example);
        Assert.True(Envelope.HasMagic(bytes));

        var content = Envelope.Open(bytes);
        Assert.Equal(("v1", "Pod"), (content.ApiVersion, content.Kind));
        Assert.Equal(Example, Envelope.Decode<Pod>(bytes));
        Assert.Equal("Pod", Envelope.Decode(bytes).TypeMeta.Kind);
    }

    [Fact]
    public void Encode_MapsFilledInAnotherOrder_GivesTheSameBytes()
    {
        var other = Example.Clone();
        other.Metadata.Labels.Clear();
        other.Metadata.Labels.Add("a", "1");
        other.Metadata.Labels.Add("b", "2");
        Assert.Equal(Envelope.Encode(Example), Envelope.Encode(other));
    }

    [Theory]
    [InlineData("", "empty data")]
    [InlineData("{}", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    [InlineData("k8s\0\u000a\u0050x", "unexpected EOF")]
    [InlineData("k8s\0\u0008\u0001", "proto: illegal wireType 0")]
    public void Open_NoEnvelope_IsBadRequest(string data, string message)
    {
        var error = Assert.Throws<StatusException>(() => Envelope.Open(Encoding.UTF8.GetBytes(data)));
        Assert.Equal((400, message), (error.Code, error.Status.Message));
    }

    [Fact]
    public void Decode_OddValues_AreAsFromJson()
    {
        var pod = Example.Clone();
        pod.Metadata.CreationTimestamp = new Time { Seconds = 7, Nanos = 5 };
        pod.Spec.Overhead["cpu"] = new Resource.Quantity { String = "1000m" };
        var decoded = Envelope.Decode<Pod>(Envelope.Encode(pod));
        Assert.Equal(("1", 0), (decoded.Spec.Overhead["cpu"].String, decoded.Metadata.CreationTimestamp.Nanos));
    }

    [Fact]
    public void Decode_WhatJsonCouldNotSay_IsBadRequest()
    {
        var quantity = Example.Clone();
        quantity.Spec.Overhead["cpu"] = new Resource.Quantity { String = "much" };
        var raw = Example.Clone();
        raw.Metadata.ManagedFields.Add(new ManagedFieldsEntry { FieldsV1 = new FieldsV1 { Raw = Google.Protobuf.ByteString.CopyFromUtf8("{}}") } });

        var error = Assert.Throws<StatusException>(() => Envelope.Decode<Pod>(Envelope.Encode(quantity)));
        Assert.StartsWith("Pod in version \"v1\" cannot be handled as a Pod: quantities must match", error.Status.Message, StringComparison.Ordinal);
        Assert.Equal(400, Assert.Throws<StatusException>(() => Envelope.Decode<Pod>(Envelope.Encode(raw))).Code);
    }

    [Fact]
    public void Decode_EveryTruncation_IsBadRequestOrAnObject()
    {
        var bytes = Envelope.Encode(Example);
        var refused = 0;
        for (var length = 0; length < bytes.Length; length++)
        {
            try
            {
                Envelope.Decode<Pod>(bytes.AsMemory(0, length));
            }
            catch (StatusException error)
            {
                Assert.Equal(400, error.Code);
                refused++;
            }
        }

        Assert.True(refused > bytes.Length / 2);
    }
}

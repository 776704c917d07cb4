using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Cluster.Api.Json;
using Cluster.Api.Protobuf;
using Google.Protobuf;

namespace Cluster.Api.Tests.Vectors;

/// <summary>Our encodings of every kind against Go's, byte for byte.</summary>
public sealed class ObjectVectorTests
{
    private const string File = "objects.json";

    // The generator's packages do not hold the first, and have not been run for the second.
    internal static readonly string[] WithoutVectors = ["apiextensions.k8s.io", "admissionregistration.k8s.io"];

    [Fact]
    public void Kinds_OfTheCatalog_AllHaveVectors()
    {
        var kinds = Vector.Read<ObjectVector>(File).Select(vector => (vector.ApiVersion, vector.Kind)).ToHashSet();
        var missing = ResourceCatalog.All.Where(type => !WithoutVectors.Contains(type.Group) && !kinds.Contains((type.ApiVersion, type.Kind))).Select(type => type.ToString());
        Assert.Empty(missing);
    }

    [Fact]
    public void Decode_GoJson_EncodesToTheSameBytes() => Vector.CheckAll<ObjectVector>(File, vector =>
    {
        var message = JsonCodec.Decode(Encoding.UTF8.GetBytes(vector.Json), Type(vector), FieldValidation.Strict, null);
        return Vector.Difference(vector.ToString(), vector.Json, Text(vector, message));
    });

    [Fact]
    public void Decode_GoProtobuf_EncodesToGoJson() => Vector.CheckAll<ObjectVector>(File, vector =>
        Vector.Difference(vector.ToString(), vector.Json, Text(vector, Envelope.Decode(vector.Protobuf, Type(vector)))));

    [Fact]
    public void Decode_GoProtobuf_KeepsEveryField() => Vector.CheckAll<ObjectVector>(File, vector =>
    {
        // Without the discarding parser: what our messages do not know would stay as unknown bytes and come back.
        var known = Envelope.Decode(vector.Protobuf, Type(vector)).CalculateSize();
        var all = Type(vector).Parser.ParseFrom(Envelope.Open(vector.Protobuf).Raw.Span).CalculateSize();
        return known == all ? null : $"{vector}: {all - known} bytes are unknown to our message";
    });

    [Fact]
    public void ToNode_OfEveryObject_DecodesToTheSameObject() => Vector.CheckAll<ObjectVector>(File, vector =>
    {
        var message = JsonCodec.Decode(Encoding.UTF8.GetBytes(vector.Json), Type(vector), FieldValidation.Strict, null);
        var again = JsonCodec.FromNode(JsonCodec.ToNode(message), Type(vector), FieldValidation.Strict, null);
        return Vector.Difference(vector.ToString(), vector.Json, Text(vector, again));
    });

    [Fact]
    public void Encode_OurProtobuf_IsWhatGoHasVerified()
    {
        var verified = Vector.Read<VerifiedVector>("verified.json")
            .ToDictionary(entry => (entry.ApiVersion, entry.Kind, entry.Shape), entry => entry.Sha256);
        Vector.CheckAll<ObjectVector>(File, vector =>
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Ours(vector)));
            var isVerified = verified.GetValueOrDefault((vector.ApiVersion, vector.Kind, vector.Shape)) == hash;
            return isVerified ? null : $"{vector}: not the bytes that Go has read";
        });
    }

    /// <summary>Writes our encodings where the generator's verify command reads them, when it is asked for (see generator/README.md).</summary>
    [Fact]
    public void Encode_OurProtobuf_IsWrittenForVerification()
    {
        var vectors = Vector.Read<ObjectVector>(File).Select(vector => vector with { Protobuf = Ours(vector) }).ToList();
        Assert.All(vectors, vector => Assert.True(Envelope.HasMagic(vector.Protobuf)));
        if (Environment.GetEnvironmentVariable("CLUSTER_VECTORS_DIRECTORY") is { Length: > 0 } directory)
            Vector.Write(Path.Combine(directory, "ours.json"), vectors);
    }

    private static byte[] Ours(ObjectVector vector) => Envelope.Encode(
        JsonCodec.Decode(Encoding.UTF8.GetBytes(vector.Json), Type(vector), FieldValidation.Strict, null), vector.ApiVersion, vector.Kind);

    private static Google.Protobuf.Reflection.MessageDescriptor Type(ObjectVector vector) =>
        ApiKinds.Find(vector.ApiVersion, vector.Kind) ?? throw new InvalidOperationException($"{vector}: no message");

    private static string Text(ObjectVector vector, IMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        JsonCodec.Encode(message, output, vector.ApiVersion, vector.Kind, null);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

namespace Cluster.Api.Tests.Vectors;

/// <summary>One object in both encodings, made by Go.</summary>
public sealed record ObjectVector(string ApiVersion, string Kind, string Shape, string Json, byte[] Protobuf)
{
    public override string ToString() => $"{ApiVersion} {Kind} {Shape}";
}

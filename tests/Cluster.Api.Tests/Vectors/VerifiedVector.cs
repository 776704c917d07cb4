namespace Cluster.Api.Tests.Vectors;

/// <summary>The hash of one of our encodings that Go's decoder has read and found right.</summary>
public sealed record VerifiedVector(string ApiVersion, string Kind, string Shape, string Sha256);

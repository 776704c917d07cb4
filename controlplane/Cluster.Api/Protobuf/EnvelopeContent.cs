namespace Cluster.Api.Protobuf;

/// <summary>What stands in an envelope; <paramref name="Raw"/> is a slice of the envelope's own memory.</summary>
/// <param name="ApiVersion">Empty when the sender left it out.</param>
/// <param name="Kind">Empty when the sender left it out.</param>
/// <param name="Raw">The message in protobuf.</param>
public readonly record struct EnvelopeContent(string ApiVersion, string Kind, ReadOnlyMemory<byte> Raw);

namespace Cluster.Api.Json;

/// <summary>Why a document is no object of its kind, in the words of Go's decoder. Never leaves <see cref="JsonCodec"/>.</summary>
internal sealed class JsonDecodeException(string message) : Exception(message);

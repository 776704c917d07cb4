namespace Cluster.EndToEnd.Tests;

/// <summary>A span as a collector got it: ids in hexadecimal digits, the kind by OTLP's number (2 server, 3 client).</summary>
internal sealed record CollectedSpan(string Service, string TraceId, string SpanId, string ParentId, string Name, long Kind, IReadOnlyDictionary<string, string> Attributes);

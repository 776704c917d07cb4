using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>A record as it came, its data as text.</summary>
internal sealed record ReceivedRecord(string Name, DnsType Type, int Ttl, string Data);

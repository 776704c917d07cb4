using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns.Linux;

/// <summary>Who sent a query, and the address of ours it came to.</summary>
internal readonly record struct DatagramSender(ClientAddress Address, ushort Port, uint Scope, PacketSource Local);

using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Udp.Managed;

/// <summary>One client socket talking to one frontend.</summary>
internal readonly record struct UdpSessionKey(ClientAddress Client, ushort ClientPort, int Frontend);

using System.Net;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>A flow that the kernel tracks.</summary>
/// <param name="Destination">Where its client speaks to.</param>
/// <param name="Answerer">Who answers: another one where the destination was translated.</param>
internal readonly record struct TrackedFlow(IPEndPoint Destination, IPEndPoint Answerer);

using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Handover;

/// <summary>Which backend a client has by ClientIP affinity, on its way from one process to the next.</summary>
/// <param name="Service">The service port.</param>
/// <param name="Client">The client's address.</param>
/// <param name="Backend">What it was given.</param>
/// <param name="IdleMs">Milliseconds since it was used.</param>
internal sealed record HandedAffinity(ServicePortId Service, ClientAddress Client, HandedBackend Backend, long IdleMs);

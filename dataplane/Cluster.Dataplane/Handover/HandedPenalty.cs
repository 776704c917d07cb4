using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Handover;

/// <summary>A backend that balancing leaves out, on its way from one process to the next.</summary>
/// <param name="Service">The service port.</param>
/// <param name="Backend">Which of its backends.</param>
/// <param name="IsDown">Its health check says that it does not answer.</param>
/// <param name="PauseMs">In the penalty box: milliseconds until it is tried again, before they double. 0: it is not in it.</param>
internal sealed record HandedPenalty(ServicePortId Service, HandedBackend Backend, bool IsDown, long PauseMs);

namespace Cluster.Dataplane.Handover;

/// <summary>What a process hands over besides its listening sockets, while it rests.</summary>
internal sealed record HandedState(IReadOnlyList<HandedFlow> Flows, IReadOnlyList<HandedAffinity> Affinities, IReadOnlyList<HandedPenalty> Penalties);

namespace Cluster.Dataplane.SocketLb;

/// <summary>What of a service port the connect-time path does not take.</summary>
/// <param name="Why">The reason, in a few words.</param>
/// <param name="IsWhole">Nothing of it is taken; otherwise one address family or scope is left out.</param>
public readonly record struct LeftToRelays(string Why, bool IsWhole);

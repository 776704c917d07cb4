namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>Packets that the table refused since it was made: a connection is one or a few, a datagram one.</summary>
/// <param name="NoBackend">For places in the services' ranges that no service has, and of services without backends.</param>
/// <param name="SourceRefused">For load balancer addresses, from outside of the service's source ranges.</param>
public readonly record struct NatRefusals(long NoBackend, long SourceRefused);

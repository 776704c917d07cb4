namespace Cluster.Dataplane.Services;

/// <summary>Which way a service port takes on this node, and why.</summary>
/// <param name="Id">The service port.</param>
/// <param name="Path">The way its clients on this node take; clients elsewhere always come through a relay.</param>
/// <param name="Why">A sentence for people.</param>
public readonly record struct ServicePathReport(ServicePortId Id, ServicePath Path, string Why);

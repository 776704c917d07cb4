using System.Net;
using Cluster.Dataplane.Addresses;

namespace Cluster.Dataplane.Services;

/// <summary>One address and port on which a service port is reached on this node.</summary>
/// <param name="Id">The service port served there.</param>
/// <param name="Slot">Its slot in the table.</param>
public readonly record struct Frontend(ServicePortId Id, int Slot, IPAddress Address, int Port, TrafficScope Scope)
{
    public ServiceProtocol Protocol => Id.Protocol;

    /// <summary>The way through the node its service port asks for.</summary>
    public ServicePath Path { get; init; }

    public IPEndPoint EndPoint => new(Address, Port);

    /// <summary>What two frontends may not share.</summary>
    public Place Place => new(Address, Port, Protocol);

    public override string ToString() => $"{Id} on {EndPoint}";
}

using System.Net;

namespace Cluster.Dataplane.Services;

/// <summary>One address and port on which a service port is reached on this node.</summary>
/// <param name="Id">The service port served there.</param>
/// <param name="Slot">Its slot in the table.</param>
public readonly record struct Frontend(ServicePortId Id, int Slot, IPAddress Address, int Port, TrafficScope Scope)
{
    public ServiceProtocol Protocol => Id.Protocol;

    public IPEndPoint EndPoint => new(Address, Port);

    /// <summary>What two frontends may not share.</summary>
    public (IPAddress Address, int Port, ServiceProtocol Protocol) Place => (Address, Port, Protocol);

    public override string ToString() => $"{Id} on {EndPoint}";
}

using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Addresses;

/// <summary>An address, port and protocol at which something may answer.</summary>
public readonly record struct Place(IPAddress Address, int Port, ServiceProtocol Protocol)
{
    public override string ToString() => $"{new IPEndPoint(Address, Port)}/{(Protocol == ServiceProtocol.Tcp ? "TCP" : "UDP")}";
}

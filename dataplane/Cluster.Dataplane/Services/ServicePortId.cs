namespace Cluster.Dataplane.Services;

/// <summary>Names one port of one service: <c>namespace/service:port</c> (no colon where the port has no name) and the protocol.</summary>
public readonly record struct ServicePortId(string Name, ServiceProtocol Protocol)
{
    public override string ToString() => Protocol == ServiceProtocol.Udp ? Name + "/UDP" : Name + "/TCP";
}

namespace Cluster.Dataplane.Services;

/// <summary>The transports a service port can speak.</summary>
public enum ServiceProtocol : byte
{
    Tcp,
    Udp,
}

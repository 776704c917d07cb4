namespace Cluster.Dataplane.Services;

/// <summary>How a service port's datagrams find their backend.</summary>
public enum UdpMode : byte
{
    /// <summary>A client's flow keeps its backend, and replies find their way back.</summary>
    Session,

    /// <summary>A flow keeps its backend and nobody answers (logs, metrics): no socket of its own for each client.</summary>
    OneWay,

    /// <summary>Each datagram is a question by itself (DNS) and is balanced alone; its reply goes back to who asked.</summary>
    PerDatagram,
}

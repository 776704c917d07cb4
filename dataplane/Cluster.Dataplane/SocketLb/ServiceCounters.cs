using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>What the connect-time path counted for one service port.</summary>
/// <param name="Sockets">Of all its backends, those that are gone included.</param>
/// <param name="Refused">Connections and datagrams refused for want of a backend.</param>
/// <param name="Flows">Flows of unconnected UDP sockets that were given a backend.</param>
public readonly record struct ServiceCounters(ServicePortId Id, SocketCounters Sockets, long Refused, long Flows)
{
    /// <summary>Of two parts of one service port.</summary>
    internal static ServiceCounters Sum(ServiceCounters a, ServiceCounters b) => new(a.Id, a.Sockets + b.Sockets, a.Refused + b.Refused, a.Flows + b.Flows);
}

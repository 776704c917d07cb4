using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.SocketLb;

/// <summary>A backend that gets no new connections and has some that live.</summary>
public readonly record struct DrainingBackend(ServicePortId Id, IPEndPoint Address, long Active, int Index, long Identity);

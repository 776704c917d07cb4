using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Config;

/// <summary>What no two services of a load balancer file may share.</summary>
internal readonly record struct ServicePlace(ServicePortId Id, IPEndPoint Listen);

namespace Cluster.Dataplane.Services;

/// <summary>Which way through the node a service port takes.</summary>
public enum ServicePath : byte
{
    /// <summary>The best one this host allows.</summary>
    Auto,

    /// <summary>Event loops over epoll: Linux.</summary>
    Loop,

    /// <summary>The runtime's own sockets: any system, no privileges.</summary>
    Managed,

    /// <summary>Sockets are connected to a backend from the start, by BPF; clients elsewhere still come through the loops.</summary>
    Connect,

    /// <summary>The kernel translates addresses: a mode of the whole proxy, which no service asks for.</summary>
    Nftables,
}

using System.Net;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Health;
using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Pki;
using Cluster.ApiServer.Registry;

namespace Cluster.ApiServer;

/// <summary>What an API server is started with.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Its certificates and keys: see <see cref="ClusterPki.EnsureAsync"/>.</summary>
    public required ClusterPki Pki { get; init; }

    /// <summary>Where it listens; port 0 takes a free one. The first is <see cref="ApiServer.Url"/>.</summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [new(IPAddress.Loopback, 6443)];

    /// <summary>Service and node port ranges, the advertised address, the life of events.</summary>
    public RegistryOptions Registry { get; init; } = new();

    /// <summary>How long open requests may take to finish when the server stops.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A request other than a watch or a log gets this long.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A provider whose ID tokens are taken; null: none.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>Where requests are written down; null: nowhere.</summary>
    public AuditLogOptions? AuditLog { get; init; }

    /// <summary>The admission plug-ins: see <see cref="AdmissionPlugins.Load"/>.</summary>
    public AdmissionPlugins Admission { get; init; } = AdmissionPlugins.Default;

    /// <summary>Requests served at once, of all priority levels together; watches, streams and administrators are not counted.</summary>
    public int MaxRequestsInFlight { get; init; } = 600;

    /// <summary>A request that finds no seat in this time is told to come back later.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Open connections, of all clients; half of them may be one address's. The next is closed at once.</summary>
    public int MaxConnections { get; init; } = ServerLimits.MaxConnections;

    /// <summary>Connections that changed their protocol (exec, attach, port-forward, proxied upgrades), at once.</summary>
    public int MaxUpgradedConnections { get; init; } = 1000;

    /// <summary>The port of kubelets, for nodes that do not tell theirs.</summary>
    public int KubeletPort { get; init; } = 10250;

    /// <summary>What <c>/metrics</c> tells: the process's collector where it has one already; null: the server makes its own.</summary>
    public PrometheusExporter? Metrics { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What brings requests in the place of Kestrel, for whoever measures the way of a request without a network; null: Kestrel.</summary>
    internal Microsoft.AspNetCore.Hosting.Server.IServer? Server { get; init; }
}

using System.Net;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.Cli.Hosting;

namespace Cluster.Cli.Commands;

/// <summary>What one cluster on one machine is made with, checked.</summary>
internal sealed record ClusterSettings
{
    public required string DataPath { get; init; }

    public required IPEndPoint Listen { get; init; }

    /// <summary>Not used: the embedded store is.</summary>
    public required EtcdSettings Etcd { get; init; }

    /// <summary>Null: requests are not written down.</summary>
    public AuditLogOptions? AuditLog { get; init; }

    /// <summary>Null: no provider's ID tokens are taken.</summary>
    public OidcOptions? Oidc { get; init; }

    public AdmissionPlugins Admission { get; init; } = AdmissionPlugins.Default;

    /// <summary>Null: spans are sent nowhere.</summary>
    public string? TracingConfig { get; init; }

    public required IPNetwork ServiceRange { get; init; }

    public required IPNetwork ClusterCidr { get; init; }

    public required IPAddress ClusterDns { get; init; }

    public required string ClusterDomain { get; init; }

    public required string NodeName { get; init; }

    public required IPAddress NodeAddress { get; init; }

    public required int KubeletPort { get; init; }

    public required int KubeletHealthPort { get; init; }

    public required int ProxyHealthPort { get; init; }

    public required int ProxyMetricsPort { get; init; }

    public required int SchedulerPort { get; init; }

    public required int ControllerManagerPort { get; init; }

    /// <summary>The address of the kubernetes service: the first of the range.</summary>
    public IPAddress ApiServiceAddress
    {
        get
        {
            byte[] bytes = ServiceRange.BaseAddress.GetAddressBytes();
            bytes[^1]++;
            return new IPAddress(bytes);
        }
    }

    /// <summary>Where the API server answers: the address asked for and, for pods, the node's.</summary>
    public IReadOnlyList<IPEndPoint> ApiEndPoints
    {
        get
        {
            var node = new IPEndPoint(NodeAddress, Listen.Port);
            return Listen.Address.Equals(IPAddress.Any) || Listen.Equals(node) ? [Listen] : [Listen, node];
        }
    }
}

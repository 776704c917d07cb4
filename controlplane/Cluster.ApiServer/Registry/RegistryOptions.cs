using System.Net;

namespace Cluster.ApiServer.Registry;

/// <summary>What the registry must know of the cluster at start.</summary>
public sealed record RegistryOptions
{
    /// <summary>Cluster IPs come from here; the first address is the <c>kubernetes</c> service's.</summary>
    public IPNetwork ServiceRange { get; init; } = IPNetwork.Parse("10.96.0.0/16");

    public int FirstNodePort { get; init; } = 30000;

    public int LastNodePort { get; init; } = 32767;

    /// <summary>Where pods reach this API server: the endpoint of the <c>kubernetes</c> service. Null: no endpoint is kept.</summary>
    public IPEndPoint? Advertise { get; init; }

    /// <summary>The cluster IP of the <c>kube-dns</c> service; null: the tenth address of the range.</summary>
    public IPAddress? DnsAddress { get; init; }

    /// <summary>
    /// The authority of client certificates, PEM: published in the ConfigMap <c>kube-system/extension-apiserver-authentication</c>, by
    /// which components that serve an API of their own know callers. Null: it is not published.
    /// </summary>
    public string? ClientAuthority { get; init; }

    /// <summary>Events are forgotten after this time.</summary>
    public TimeSpan EventTimeToLive { get; init; } = TimeSpan.FromHours(1);
}

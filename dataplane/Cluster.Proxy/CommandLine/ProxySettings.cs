using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.CommandLine;

/// <summary>What a proxy was told by flags and, where <c>--config</c> names one, by kube-proxy's own configuration file.</summary>
public sealed record ProxySettings
{
    /// <summary>A load balancer file: no API server is asked. Null: services come from an API server.</summary>
    public string? LoadBalancerFile { get; init; }

    /// <summary>How to reach the API server; null: as a pod does.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>The API server's URL in place of the kubeconfig's; null: the kubeconfig's.</summary>
    public Uri? Master { get; init; }

    public ProxyOptions Options { get; init; } = new();

    /// <summary>Takes over from the process that serves the same already.</summary>
    public bool TakesOver { get; init; } = true;

    /// <summary>Take away what a proxy left on this host, and end.</summary>
    public bool Cleanup { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Flags and fields that kube-proxy knows and that mean nothing here, as they were named.</summary>
    public IReadOnlyList<string> WithoutEffect { get; init; } = [];
}

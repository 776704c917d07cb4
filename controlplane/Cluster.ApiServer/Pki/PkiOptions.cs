using System.Net;

namespace Cluster.ApiServer.Pki;

/// <summary>What the cluster's certificates are made for.</summary>
public sealed record PkiOptions
{
    /// <summary>The cluster's data root; certificates go to its <c>pki</c> folder.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The name this node registers under.</summary>
    public required string NodeName { get; init; }

    /// <summary>The address other nodes and pods reach this node at.</summary>
    public required IPAddress NodeAddress { get; init; }

    /// <summary>Where the kubeconfig files point.</summary>
    public Uri ServerUrl { get; init; } = new("https://127.0.0.1:6443");

    /// <summary>The first address of the service range: the address of the <c>kubernetes</c> service.</summary>
    public IPAddress ServiceAddress { get; init; } = new([10, 96, 0, 1]);

    /// <summary>More names or addresses under which clients reach the API server.</summary>
    public IReadOnlyList<string> ExtraServerNames { get; init; } = [];

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

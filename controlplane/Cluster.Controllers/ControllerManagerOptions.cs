using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.Controllers;

/// <summary>How the controllers run, read at start. Times are Kubernetes' defaults.</summary>
public sealed record ControllerManagerOptions
{
    /// <summary>As <c>--controllers</c>: <c>*</c>, <c>name</c>, <c>-name</c>; <c>node</c> means every controller of nodes.</summary>
    public IReadOnlyList<string> Controllers { get; init; } = ["*"];

    /// <summary>Take turns with other controller managers by a Lease.</summary>
    public bool LeaderElect { get; init; } = true;

    /// <summary>
    /// Makes the client by which a controller writes, of its own service account in <c>kube-system</c>; reads are the manager's. Null: all
    /// is done as the manager itself, which then needs all their rights.
    /// </summary>
    public Func<string, IApiClient>? AccountClients { get; init; }

    /// <summary>The authority by which approved certificate requests are signed, PEM; null: they are not.</summary>
    public string? SigningCertificateFile { get; init; }

    /// <summary>Its key, PEM.</summary>
    public string? SigningKeyFile { get; init; }

    /// <summary>The life of signed certificates, where a request asks for no shorter one.</summary>
    public TimeSpan SigningDuration { get; init; } = TimeSpan.FromDays(365);

    /// <summary>
    /// Makes the token of an account that a Secret of type <c>kubernetes.io/service-account-token</c> holds: valid while the secret is
    /// there. Null: such secrets stay empty.
    /// </summary>
    public Func<ServiceAccount, Secret, string>? SecretTokens { get; init; }

    /// <summary>Unique to this process; null: host name and a random part.</summary>
    public string? Identity { get; init; }

    /// <summary>The addresses of pods, cut into one range a node; null: nodes keep the ranges they have.</summary>
    public string? ClusterCidr { get; init; } = "10.244.0.0/16";

    /// <summary>The prefix length of a node's range: 24 is 254 pods.</summary>
    public int NodeCidrMaskSize { get; init; } = 24;

    /// <summary>How often nodes are looked at.</summary>
    public TimeSpan NodeMonitorPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A node that has given no sign for so long is not ready.</summary>
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>The same for a node that has never given one.</summary>
    public TimeSpan NodeStartupGracePeriod { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How many nodes a second may be told to evict their pods.</summary>
    public double NodeEvictionRate { get; init; } = 0.1;

    /// <summary>The same when most nodes of a large cluster are away: it may be our network that failed.</summary>
    public double SecondaryNodeEvictionRate { get; init; } = 0.01;

    /// <summary>The share of nodes away that makes the cluster disrupted.</summary>
    public double UnhealthyZoneThreshold { get; init; } = 0.55;

    /// <summary>A disrupted cluster of at most so many nodes evicts nothing.</summary>
    public int LargeClusterSizeThreshold { get; init; } = 50;

    /// <summary>Finished pods kept; the oldest above that go.</summary>
    public int TerminatedPodThreshold { get; init; } = 12500;

    /// <summary>The certificate authority, PEM, published to every namespace as <c>kube-root-ca.crt</c>; null: not published.</summary>
    public string? RootCa { get; init; }
}

namespace Cluster.Kubelet;

/// <summary>What a kubelet is told at start. Periods and limits are Kubernetes' own numbers unless a reason is given.</summary>
public sealed record KubeletOptions
{
    public required string NodeName { get; init; }

    /// <summary>The address under which other nodes reach this one.</summary>
    public required string NodeAddress { get; init; }

    /// <summary>Where pods' directories live.</summary>
    public string RootDirectory { get; init; } = "/var/lib/cluster/kubelet";

    public string ClusterDns { get; init; } = "10.96.0.10";

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The release of Kubernetes whose behaviour this is; shown as the node's version.</summary>
    public string KubernetesVersion { get; init; } = "v1.32.3";

    /// <summary>HTTPS port; 0 takes any free one. Served only with a certificate.</summary>
    public int Port { get; init; } = 10250;

    /// <summary>Address the HTTPS port listens on.</summary>
    public string ListenAddress { get; init; } = "0.0.0.0";

    /// <summary>Plain HTTP on loopback for /healthz; 0 switches it off.</summary>
    public int HealthzPort { get; init; } = 10248;

    /// <summary>PEM files of the serving certificate and of the CA that clients must be signed by; null: no HTTPS server.</summary>
    public KubeletCertificates? Certificates { get; init; }

    /// <summary>The proxy's socket that tells of pods' connections; null: no pod waits for them to end.</summary>
    public string? DrainSocket { get; init; }

    /// <summary>A client's streams (exec, attach, port-forward) that move nothing for so long are ended.</summary>
    public TimeSpan StreamingConnectionIdleTimeout { get; init; } = TimeSpan.FromHours(4);

    public int MaxPods { get; init; } = 110;

    public IReadOnlyDictionary<string, string> NodeLabels { get; init; } = new Dictionary<string, string>();

    public TimeSpan RelistPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A pod is looked at again after so long even if nothing happened.</summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Pods with volumes from the API are looked at this often, so that a changed ConfigMap or Secret shows soon. The objects are
    /// read once per period however many pods use them.
    /// </summary>
    public TimeSpan VolumePeriod { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan HousekeepingPeriod { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan NodeStatusPeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The node's status is written at least this often, changed or not.</summary>
    public TimeSpan NodeStatusReportPeriod { get; init; } = TimeSpan.FromMinutes(5);

    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    public TimeSpan LeaseRenewPeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>First back-off of restarts and of pulls; each doubles up to <see cref="MaxBackOff"/>.</summary>
    public TimeSpan InitialBackOff { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Grace of a pod that names none, and of containers whose pod is unknown.</summary>
    public TimeSpan DefaultGrace { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>PEM files.</summary>
/// <param name="ClientCa">The CA that callers' certificates must be signed by.</param>
public sealed record KubeletCertificates(string Certificate, string Key, string ClientCa);

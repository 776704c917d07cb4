namespace Cluster.Kubelet.Probes;

public enum ProbeKind
{
    Liveness,
    Readiness,
    Startup,
}

/// <summary>What one probe found.</summary>
public readonly record struct ProbeResult(bool Success, string Output);

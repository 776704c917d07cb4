namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>One of Kubernetes' pod security standards; a greater one forbids all that a lesser one does.</summary>
internal enum PodSecurityLevel
{
    Privileged,
    Baseline,
    Restricted,
}

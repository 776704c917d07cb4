namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>One rule of a standard.</summary>
/// <param name="Id">Kubernetes' name of it.</param>
/// <param name="Level">The least standard that has it.</param>
/// <param name="Since">The first minor version that has it in this form.</param>
/// <param name="Run">Null: there is nothing against the pod.</param>
/// <param name="Overrides">The rule of the lesser standard that this one makes needless.</param>
internal sealed record PodCheck(string Id, PodSecurityLevel Level, int Since, Func<PodSubject, Violation?> Run, string? Overrides = null);

namespace Cluster.ApiServer.Admission;

/// <summary>One of the server's own admission plug-ins.</summary>
/// <param name="Name">Kubernetes' name of it.</param>
/// <param name="Create">Makes it.</param>
/// <param name="IsDefault">It is on where nobody says otherwise.</param>
internal sealed record AdmissionEntry(string Name, Func<AdmissionParts, IAdmissionPlugin> Create, bool IsDefault = true);

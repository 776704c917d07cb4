namespace Cluster.ApiServer.Admission;

/// <summary>Which admission plug-ins see a write, in which order, and from which assemblies users' own ones come.</summary>
public sealed record AdmissionOptions
{
    /// <summary>Names of plug-ins that are on besides those that are by default.</summary>
    public IReadOnlyList<string> Enable { get; init; } = [];

    /// <summary>Names of plug-ins that are off though they are on by default.</summary>
    public IReadOnlyList<string> Disable { get; init; } = [];

    /// <summary>These plug-ins and no others, in this order; null: those that are on, in the order of the catalog. It excludes the two above.</summary>
    public IReadOnlyList<string>? Order { get; init; }

    /// <summary>Files of assemblies whose public classes of <see cref="IAdmissionPlugin"/> are plug-ins too, on by default.</summary>
    public IReadOnlyList<string> Assemblies { get; init; } = [];

    /// <summary>How long a plug-in of such an assembly may take for one write; a write that it has not decided by then fails. As long as a webhook's.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(10);
}

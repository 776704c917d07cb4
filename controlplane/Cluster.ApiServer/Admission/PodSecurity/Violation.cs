namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>Something a standard forbids.</summary>
/// <param name="Reason">What it is, in a word or two; the same for all pods that do so.</param>
/// <param name="Detail">Where, and what is to be done about it.</param>
internal sealed record Violation(string Reason, string Detail)
{
    /// <summary>As messages about one pod name all of them.</summary>
    public static string Details(IEnumerable<Violation> all) => string.Join(", ", all.Select(one => $"{one.Reason} ({one.Detail})"));

    /// <summary>As messages about many pods do.</summary>
    public static string Reasons(IEnumerable<Violation> all) => string.Join(", ", all.Select(one => one.Reason));
}

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>A standard as of a version of Kubernetes.</summary>
/// <param name="Level">The standard.</param>
/// <param name="Minor">Of 1.x; null: the newest there is.</param>
internal readonly record struct PodSecurityPolicy(PodSecurityLevel Level, int? Minor)
{
    public static PodSecurityPolicy Privileged { get; } = new(PodSecurityLevel.Privileged, null);

    /// <summary>As messages name it: <c>restricted:latest</c>, <c>baseline:v1.25</c>.</summary>
    public override string ToString() => $"{Word(Level)}:{(Minor is { } minor ? $"v1.{minor}" : "latest")}";

    /// <summary>As a label names it.</summary>
    public static string Word(PodSecurityLevel level) => level switch
    {
        PodSecurityLevel.Privileged => "privileged",
        PodSecurityLevel.Baseline => "baseline",
        _ => "restricted",
    };
}

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>The parts that Kubernetes' messages about violations are made of.</summary>
internal static class Wording
{
    /// <summary>Told of one list: a pod of some megabytes has a hundred thousand containers, and each check names them.</summary>
    private const int MostNamed = 100;

    public static string Plural(string one, string many, int count) => count == 1 ? one : many;

    /// <summary><c>container "a"</c>, <c>containers "a", "b"</c>.</summary>
    public static string Containers(IReadOnlyCollection<string> names) => $"{Plural("container", "containers", names.Count)} {Quoted(names)}";

    /// <summary>Each in quotes, as it is.</summary>
    public static string Quoted(IReadOnlyCollection<string> values) => Listed(values, value => $"\"{value}\"");

    public static string Listed(IReadOnlyCollection<string> values) => Listed(values, value => value);

    /// <summary><c>pod</c>, <c>container "a"</c>, or both: who has set what must not be set. Null: nobody.</summary>
    public static string? Setters(bool pod, IReadOnlyCollection<string> containers) => (pod, containers.Count) switch
    {
        (false, 0) => null,
        (true, 0) => "pod",
        (false, _) => Containers(containers),
        _ => $"pod and {Containers(containers)}",
    };

    private static string Listed(IReadOnlyCollection<string> values, Func<string, string> show) =>
        string.Join(", ", values.Take(MostNamed).Select(show)) + (values.Count > MostNamed ? $" and {values.Count - MostNamed} more" : "");
}

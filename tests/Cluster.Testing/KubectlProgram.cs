namespace Cluster.Testing;

/// <summary>
/// The stock kubectl that tests run: of the folder CLUSTER_TOOLS, else of the repository's artifacts/tools, else of PATH.
/// <c>./cluster test</c> unpacks one and sets CLUSTER_TOOLS; with that a missing kubectl is a failure and nothing to skip.
/// </summary>
public static class KubectlProgram
{
    private const string Unpacked = "kubectl-1.32/usr/bin/kubectl";
    private static readonly string? Tools = Environment.GetEnvironmentVariable("CLUSTER_TOOLS");
    private static readonly string? Found = Find();

    public const string WhyNot = "there is no kubectl: run the tests by ./cluster test, which fetches one";

    /// <summary>False where a test should skip.</summary>
    public static bool CanRun => Found is not null || !string.IsNullOrEmpty(Tools);

    /// <exception cref="FileNotFoundException">It is nowhere.</exception>
    public static string Path => Found
        ?? throw new FileNotFoundException(string.IsNullOrEmpty(Tools) ? WhyNot : $"there is no {Unpacked} in CLUSTER_TOOLS={Tools}");

    /// <summary>The oldest release that is tested, 1.20, which lies beside the other; null: it is not there.</summary>
    public static string? Older => Found is not null
        && System.IO.Path.GetFullPath(System.IO.Path.Combine(Found, "../../../../kubectl-1.20/usr/bin/kubectl")) is var path && File.Exists(path) ? path : null;

    private static string? Find() => string.IsNullOrEmpty(Tools)
        ? RepositoryTools().Concat(SearchPath()).FirstOrDefault(File.Exists)
        : new[] { System.IO.Path.Combine(Tools, Unpacked) }.FirstOrDefault(File.Exists);

    private static IEnumerable<string> RepositoryTools()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(System.IO.Path.Combine(folder, "Cluster.Perf.sln")))
                yield return System.IO.Path.Combine(folder, "artifacts/tools", Unpacked);
        }
    }

    private static IEnumerable<string> SearchPath() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => System.IO.Path.Combine(folder, "kubectl"));
}

using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Cluster.Repository.Tests;

/// <summary>The checkout these tests stand in: its projects and what they reference, read from the files themselves.</summary>
internal static class RepositoryTree
{
    public static string Root { get; } = FindRoot();

    /// <summary>Project name -> path of its .csproj, for all projects below the five storeys.</summary>
    public static IReadOnlyDictionary<string, string> Projects { get; } =
        new[] { "dataplane", "controlplane", "node", "tests", "perf" }
            .Select(storey => Path.Combine(Root, storey))
            .Where(Directory.Exists)
            .SelectMany(storey => Directory.EnumerateFiles(storey, "*.csproj", SearchOption.AllDirectories))
            .ToDictionary(path => Path.GetFileNameWithoutExtension(path));

    public static IReadOnlyList<string> ReferencesOf(string project) =>
        XDocument.Load(Projects[project]).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')))
            .ToList();

    /// <summary>The project itself and everything it reaches.</summary>
    public static IReadOnlySet<string> Reachable(string project)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>([project]);
        while (open.TryPop(out string? next))
        {
            if (!seen.Add(next)) continue;
            foreach (string reference in ReferencesOf(next)) open.Push(reference);
        }

        return seen;
    }

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        for (string? folder = Path.GetDirectoryName(thisFile); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Cluster.Perf.sln"))) return folder;
        }

        throw new InvalidOperationException($"no Cluster.Perf.sln above {thisFile}");
    }
}

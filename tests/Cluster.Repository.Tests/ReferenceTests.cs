namespace Cluster.Repository.Tests;

/// <summary>References point down only: the storeys of the house, as the project files say them.</summary>
public sealed class ReferenceTests
{
    // What each project may reference directly. A new project or a new arrow has to be entered here, where a reader sees it.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Cluster.Api.Messages"] = [],
        ["Cluster.Api"] = ["Cluster.Api.Messages"],
        ["Cluster.Client"] = ["Cluster.Api"],
        ["Cluster.Storage"] = ["Cluster.Api"],
        ["Cluster.ApiServer"] = ["Cluster.Api", "Cluster.Storage"],
        ["Cluster.Scheduler"] = ["Cluster.Client"],
        ["Cluster.Controllers"] = ["Cluster.Client"],
        ["Cluster.Dataplane"] = [],
        ["Cluster.Proxy"] = ["Cluster.Dataplane", "Cluster.Client"],
        ["Cluster.Proxy.Host"] = ["Cluster.Proxy"],
        ["Cluster.Containers"] = [],
        ["Cluster.Kubelet"] = ["Cluster.Containers", "Cluster.Client"],
        ["StaticSite"] = ["Cluster.Client"],
        ["PodPolicies"] = ["Cluster.ApiServer"],
        ["Cluster.Cli"] =
            ["Cluster.Kubelet", "Cluster.Proxy", "Cluster.ApiServer", "Cluster.Storage", "Cluster.Scheduler", "Cluster.Controllers"],
    };

    public static TheoryData<string> ProductProjects() =>
        [.. RepositoryTree.Projects.Where(project => !InFolder(project.Value, "tests") && !InFolder(project.Value, "perf")).Select(project => project.Key)];

    [Theory]
    [MemberData(nameof(ProductProjects))]
    public void References_OfProject_AreThoseAllowed(string project)
    {
        Assert.True(Allowed.ContainsKey(project), $"{project} is not in the list of allowed references");
        Assert.Empty(RepositoryTree.ReferencesOf(project).Except(Allowed[project]));
    }

    [Theory]
    [InlineData("Cluster.Scheduler")]
    [InlineData("Cluster.Controllers")]
    [InlineData("Cluster.Kubelet")]
    [InlineData("Cluster.Proxy")]
    [InlineData("Cluster.Proxy.Host")]
    public void Reachable_FromComponent_HoldsNeitherStorageNorApiServer(string component)
    {
        IReadOnlySet<string> reachable = RepositoryTree.Reachable(component);
        Assert.DoesNotContain("Cluster.Storage", reachable);
        Assert.DoesNotContain("Cluster.ApiServer", reachable);
    }

    [Fact]
    public void Reachable_FromDataplane_HoldsOnlyItself() =>
        Assert.Equal(["Cluster.Dataplane"], RepositoryTree.Reachable("Cluster.Dataplane"));

    [Fact]
    public void Solution_HoldsEveryProject()
    {
        string solution = File.ReadAllText(Path.Combine(RepositoryTree.Root, "Cluster.Perf.sln"));
        List<string> missing = [.. RepositoryTree.Projects.Keys.Where(project => !solution.Contains($"\"{project}\"", StringComparison.Ordinal))];
        Assert.Equal([], missing);
    }

    private static bool InFolder(string path, string folder) =>
        Path.GetRelativePath(RepositoryTree.Root, path).StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}

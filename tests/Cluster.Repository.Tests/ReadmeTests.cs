namespace Cluster.Repository.Tests;

/// <summary>A stranger finds the way: each project says what it is, and the README starts with the two commands.</summary>
public sealed class ReadmeTests
{
    public static TheoryData<string> Projects() => [.. RepositoryTree.Projects.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_HasReadme(string project)
    {
        string readme = Path.Combine(Path.GetDirectoryName(RepositoryTree.Projects[project])!, "README.md");
        Assert.True(File.Exists(readme), $"{project} has no README.md");
        Assert.True(new FileInfo(readme).Length > 100, $"{project}'s README.md says nothing");
    }

    [Fact]
    public void Readme_StartsWithTheTwoCommands()
    {
        string start = string.Join('\n', File.ReadLines(Path.Combine(RepositoryTree.Root, "README.md")).Take(20));
        Assert.Contains("./cluster up", start, StringComparison.Ordinal);
        Assert.Contains("./cluster test", start, StringComparison.Ordinal);
    }

    [Fact]
    public void Readme_NamesOnlyFilesThatExist()
    {
        string text = File.ReadAllText(Path.Combine(RepositoryTree.Root, "README.md"));
        IEnumerable<string> links = System.Text.RegularExpressions.Regex.Matches(text, @"\]\((?!https?:|#)([^)#]+)").Select(match => match.Groups[1].Value);
        List<string> dead = [.. links.Where(link => !Path.Exists(Path.Combine(RepositoryTree.Root, link)))];
        Assert.Equal([], dead);
    }
}

namespace Cluster.EndToEnd.Tests;

/// <summary>How the command refuses: exit code not 0 and one line that says why.</summary>
internal static class Refusal
{
    public static void AssertOneLine(CommandResult result, string part)
    {
        Assert.NotEqual(0, result.ExitCode);
        string line = Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("cluster: ", line, StringComparison.Ordinal);
        Assert.Contains(part, line, StringComparison.Ordinal);
    }
}

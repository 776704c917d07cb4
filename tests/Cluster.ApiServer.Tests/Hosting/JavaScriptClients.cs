namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>The folder of JavaScript packages that <c>./cluster test</c> fills: <c>javascript</c> of CLUSTER_TOOLS.</summary>
internal static class JavaScriptClients
{
    private static readonly string? Folder = Find();

    public const string WhyNot = "there are no JavaScript clients (or no node): run the tests by ./cluster test, which fetches them";

    public static bool CanRun => Folder is not null;

    /// <summary>A script's copy beside the packages, where node looks for them; the caller deletes it.</summary>
    public static string Copy(string script)
    {
        var copy = Path.Combine(Folder!, $"{Guid.NewGuid():N}-{Path.GetFileName(script)}");
        File.Copy(script, copy);
        return copy;
    }

    private static string? Find()
    {
        var tools = Environment.GetEnvironmentVariable("CLUSTER_TOOLS");
        var folder = string.IsNullOrEmpty(tools) ? null : Path.Combine(tools, "javascript");
        return folder is not null && Directory.Exists(Path.Combine(folder, "node_modules")) && HasNode() ? folder : null;
    }

    private static bool HasNode() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, "node")));
}

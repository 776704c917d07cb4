using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Discovery;

/// <summary>The version the server tells: the Kubernetes API it speaks, and behind the plus sign what it is.</summary>
internal static class ServerVersion
{
    private const string Major = "1";

    /// <summary>Clients warn when theirs differs by more than one.</summary>
    private const string Minor = "32";

    public static string GitVersion { get; } = $"v{Major}.{Minor}.3+cluster.{Own}";

    private static string Own => typeof(ServerVersion).Assembly.GetName().Version!.ToString(3);

    public static JsonObject Describe() => new()
    {
        ["major"] = Major,
        ["minor"] = Minor,
        ["gitVersion"] = GitVersion,
        ["gitCommit"] = Commit(),
        ["gitTreeState"] = "clean",
        ["buildDate"] = File.GetLastWriteTimeUtc(typeof(ServerVersion).Assembly.Location).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", null),
        ["goVersion"] = $"dotnet{Environment.Version}",
        ["compiler"] = "roslyn",
        ["platform"] = $"linux/{Architecture()}",
    };

    /// <summary>The build appends the commit to the program's informational version where it knows it; empty elsewhere.</summary>
    private static string Commit()
    {
        var version = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        return version.IndexOf('+') is var plus and >= 0 ? version[(plus + 1)..] : "";
    }

    /// <summary>Go's name of the processor.</summary>
    private static string Architecture() => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        var other => other.ToString().ToLowerInvariant(),
    };
}

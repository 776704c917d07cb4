using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>Where the binaries under test are, and what this machine allows.</summary>
internal static class Machine
{
    private static readonly string Root = Environment.GetEnvironmentVariable("CLUSTER_ROOT") ?? FindRoot();

    public static string ExamplesFolder => Path.Combine(Root, "examples");

    public static string ClusterBinary { get; } = Environment.GetEnvironmentVariable("CLUSTER_BINARY")
        ?? Path.Combine(Root, "node/Cluster.Cli/bin/Release/net10.0/cluster");

    /// <summary>The proxy alone as a native file, where `./cluster build-proxy` was run; `./cluster test` does not.</summary>
    public static string NativeProxy => Path.Combine(Root, "artifacts/cluster-proxy/cluster-proxy");

    public static string ProxyImageScript => Path.Combine(Root, "scripts/proxy-image");

    /// <summary>Where it may be missing, tests skip; by <c>./cluster test</c> they fail.</summary>
    public static string Kubectl132 => KubectlProgram.CanRun ? KubectlProgram.Path : Tool("kubectl-1.32/usr/bin/kubectl");

    public static string Kubectl120 { get; } = Tool("kubectl-1.20/usr/bin/kubectl");

    /// <summary>Skips the test where a cluster cannot run: not root, or no binary built.</summary>
    public static void RequireCluster()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "a cluster needs root");
        Assert.True(File.Exists(ClusterBinary), $"{ClusterBinary} is not built: run the tests by ./cluster test");
    }

    /// <summary>A new data folder. Its name tells the run of <c>./cluster test</c>, which takes down what a test that was killed left up.</summary>
    public static string NewDataFolder() =>
        Directory.CreateTempSubdirectory($"cluster-e2e-{Environment.GetEnvironmentVariable("CLUSTER_TEST_RUN") ?? "x"}-").FullName;

    public static int FreePort() => Testing.FreePort.Tcp();

    private static string Tool(string path) =>
        Path.Combine(Environment.GetEnvironmentVariable("CLUSTER_TOOLS") ?? Path.Combine(Root, "artifacts/tools"), path);

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Cluster.Perf.sln"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("the repository's root was not found; set CLUSTER_ROOT");
    }
}

using System.Net;
using System.Net.Sockets;

namespace Cluster.EndToEnd.Tests;

/// <summary>What <c>up</c> says when it cannot: one line, and nothing half done. No cluster runs meanwhile.</summary>
public sealed class UpRefusalTests
{
    [Fact]
    public async Task Up_PortTaken_NamesThePort()
    {
        Machine.RequireCluster();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        string data = Machine.NewDataFolder();
        Refusal.AssertOneLine(await RunAsync("up", "--data", data, "--listen", $"127.0.0.1:{port}", "--detach"), $"{port}");
        Assert.False(File.Exists(Path.Combine(data, "kubeconfig")), "nothing half done");
        Directory.Delete(data, recursive: true);
    }

    [Theory]
    [InlineData("--service-cluster-ip-range")]
    [InlineData("--cluster-cidr")]
    public async Task Up_RangeOfAHostNetwork_NamesTheOption(string option)
    {
        Machine.RequireCluster();
        string bridge = $"cdtup{Environment.ProcessId % 100000}";
        (await CommandResult.RunAsync("ip", ["link", "add", bridge, "type", "bridge"], TimeSpan.FromSeconds(10))).Succeeded();
        string data = Path.Combine(Path.GetTempPath(), $"cluster-e2e-{Guid.NewGuid():N}");
        try
        {
            (await CommandResult.RunAsync("ip", ["addr", "add", "10.203.0.1/24", "dev", bridge], TimeSpan.FromSeconds(10))).Succeeded();
            (await CommandResult.RunAsync("ip", ["link", "set", bridge, "up"], TimeSpan.FromSeconds(10))).Succeeded();
            Refusal.AssertOneLine(await RunAsync("up", "--data", data, option, "10.203.0.0/16", "--cluster-dns", option == "--cluster-cidr" ? "10.96.0.10" : "10.203.0.10"), option);
            Assert.False(Directory.Exists(data), "nothing half done");
        }
        finally
        {
            (await CommandResult.RunAsync("ip", ["link", "del", bridge], TimeSpan.FromSeconds(10))).Succeeded();
        }
    }

    [Fact]
    public async Task Up_WithoutPermission_SaysWhatToDo()
    {
        Machine.RequireCluster();
        // As nobody, from a folder everyone can read.
        CommandResult result = await CommandResult.RunAsync(
            "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", Machine.ClusterBinary, "up", "--data", "/var/lib/cluster-nobody"], TimeSpan.FromSeconds(30),
            environment: new Dictionary<string, string> { ["DOTNET_CLI_HOME"] = "/tmp", ["HOME"] = "/tmp" });
        Refusal.AssertOneLine(result, "root");
    }

    [Fact]
    public async Task Up_FullDisk_SaysSoInOneLine()
    {
        Machine.RequireCluster();
        string data = Machine.NewDataFolder();
        (await CommandResult.RunAsync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", data], TimeSpan.FromSeconds(10))).Succeeded();
        try
        {
            Refusal.AssertOneLine(await RunAsync("up", "--data", Path.Combine(data, "sub"), "--listen", $"127.0.0.1:{Machine.FreePort()}", "--detach"), "full");
        }
        finally
        {
            (await CommandResult.RunAsync("umount", [data], TimeSpan.FromSeconds(10))).Succeeded();
            Directory.Delete(data);
        }
    }

    [Theory]
    [InlineData("up", "--stoer", "embedded")]
    [InlineData("up", "--store", "oracle")]
    [InlineData("up", "--listen", "not-an-address")]
    [InlineData("up", "--store", "etcd")]
    [InlineData("upp")]
    [InlineData("up", "--enable-admission-plugins", "NodeRestriction,NoSuchThing")]
    [InlineData("apiserver", "--admission-plugin-assembly", "/no/such/file.dll")]
    public async Task WrongArguments_AreRefusedByName(params string[] arguments)
    {
        Machine.RequireCluster();
        CommandResult result = await RunAsync(arguments);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(arguments[^1].Split(',')[^1], result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    private static Task<CommandResult> RunAsync(params string[] arguments) =>
        CommandResult.RunAsync(Machine.ClusterBinary, arguments, TimeSpan.FromSeconds(60));
}

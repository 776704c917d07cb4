using System.Diagnostics;

namespace Cluster.EndToEnd.Tests;

/// <summary>A cluster in the foreground, as a service manager runs it. No other runs meanwhile.</summary>
public sealed class SignalTests
{
    [Fact]
    public async Task Up_InTheForeground_EndsCleanlyOnSigterm()
    {
        Machine.RequireCluster();
        await using var cluster = new RunningCluster { ServicePrefix = "10.98", PodPrefix = "10.246" };
        var start = new ProcessStartInfo(Machine.ClusterBinary, ["up", .. cluster.UpArguments]) { RedirectStandardOutput = true };
        using Process up = Process.Start(start)!;
        string? line;
        do
        {
            line = await up.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2));
            Assert.NotNull(line);
        }
        while (!line.StartsWith("ready in ", StringComparison.Ordinal));

        (await CommandResult.RunAsync("kill", ["-TERM", $"{up.Id}"], TimeSpan.FromSeconds(5))).Succeeded();
        await up.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(0, up.ExitCode);
        Assert.Empty(cluster.Processes());
    }
}

using System.Diagnostics;
using System.Globalization;
using Cluster.Containers.Docker;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Containers.Tests.Docker;

public sealed class DockerEngineTests
{
    [Fact]
    public async Task EnsureAsync_WithARunningEngine_OwnsNothing()
    {
        if (DockerRig.Missing is { } missing) Assert.Skip(missing);
        var data = Path.Combine(Path.GetTempPath(), $"engine-{Guid.NewGuid():N}");

        await new DockerEngine(new DockerEngineOptions { DataRoot = data }, NullLogger.Instance).EnsureAsync(CancellationToken.None);

        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task EnsureAsync_WithoutAnEngine_StartsOneThatIsNotOurChild()
    {
        if (DockerRig.Missing is { } missing) Assert.Skip(missing);
        var data = Directory.CreateTempSubdirectory("engine-").FullName;
        var pidFile = Path.Combine(data, "docker.pid");
        var options = new DockerEngineOptions
        {
            DataRoot = data,
            Endpoint = new Uri($"unix://{data}/docker.sock"),
            StartLimit = TimeSpan.FromSeconds(90),
            DaemonArguments =
            [
                "--data-root", Path.Combine(data, "root"), "--exec-root", Path.Combine(data, "exec"), "--pidfile", pidFile,
                "--iptables=false", "--ip6tables=false", "--storage-driver=vfs",
            ],
        };
        try
        {
            await new DockerEngine(options, NullLogger.Instance).EnsureAsync(CancellationToken.None);

            Assert.Contains(DockerEngine.OwnedStart, await File.ReadAllLinesAsync(Path.Combine(data, "owned")));
            var status = await File.ReadAllLinesAsync($"/proc/{await File.ReadAllTextAsync(pidFile)}/status");
            Assert.DoesNotContain($"PPid:\t{Environment.ProcessId}", status);
        }
        finally
        {
            await EndAsync(pidFile);
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task EnsureAsync_WithAnEngineThatHangs_SaysSo()
    {
        var data = Directory.CreateTempSubdirectory("engine-").FullName;
        await using (new StubbornEngine($"{data}/docker.sock", answers: false))
        {
            var options = new DockerEngineOptions { DataRoot = data, Endpoint = new Uri($"unix://{data}/docker.sock"), ProbeLimit = TimeSpan.FromMilliseconds(200) };

            var failure = await Assert.ThrowsAsync<RuntimeException>(
                () => new DockerEngine(options, NullLogger.Instance).EnsureAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30)));

            Assert.Equal(RuntimeFailure.Timeout, failure.Failure);
            Assert.Contains("has not answered within 0.2 s", failure.Message, StringComparison.Ordinal);
            Assert.False(File.Exists($"{data}/owned"));
        }

        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task StopIfOursAsync_WithAnEngineThatDoesNotStop_SaysSoAndKeepsTheRecord()
    {
        var data = Directory.CreateTempSubdirectory("engine-").FullName;
        using var daemon = Process.Start("sleep", "60");
        await using (new StubbornEngine($"{data}/docker.sock", answers: true))
        {
            await File.WriteAllTextAsync($"{data}/docker.pid", $"{daemon.Id}");
            await File.WriteAllLinesAsync($"{data}/owned", [DockerEngine.OwnedStart]);
            var options = new DockerEngineOptions
            {
                DataRoot = data,
                Endpoint = new Uri($"unix://{data}/docker.sock"),
                PidFile = $"{data}/docker.pid",
                StopLimit = TimeSpan.FromMilliseconds(300),
            };

            var failure = await Assert.ThrowsAsync<RuntimeException>(
                () => new DockerEngine(options, NullLogger.Instance).StopIfOursAsync(CancellationToken.None));

            Assert.Contains("still runs after 0.3 s", failure.Message, StringComparison.Ordinal);
            Assert.Contains(DockerEngine.OwnedStart, await File.ReadAllLinesAsync($"{data}/owned"));
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await daemon.WaitForExitAsync(limit.Token);
        Directory.Delete(data, recursive: true);
    }

    private static async Task EndAsync(string pidFile)
    {
        if (!File.Exists(pidFile)) return;
        using var engine = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture));
        using var kill = Process.Start("kill", ["-TERM", $"{engine.Id}"]);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await engine.WaitForExitAsync(limit.Token);
    }
}

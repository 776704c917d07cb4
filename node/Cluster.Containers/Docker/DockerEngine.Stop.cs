using System.Globalization;
using Cluster.Containers.Network;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging;

namespace Cluster.Containers.Docker;

public sealed partial class DockerEngine
{
    private const string PidFile = "/var/run/docker.pid";
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    /// <summary>Stops the engine if we started it and no container runs on it. True if it was stopped.</summary>
    public async Task<bool> StopIfOursAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(options.DataRoot, "owned");
        if (!File.Exists(file)) return false;
        var lines = await File.ReadAllLinesAsync(file, cancellationToken);
        if (!lines.Contains(OwnedStart)) return false;
        if ((await ProbeAsync(cancellationToken)).Answers)
        {
            if (await HasRunningContainersAsync(cancellationToken))
            {
                logger.LogInformation("Docker is left running: other containers run on it");
                return false;
            }

            await StopAsync(cancellationToken);
        }

        await File.WriteAllLinesAsync(file, lines.Where(line => line != OwnedStart), cancellationToken);
        return true;
    }

    private async Task<bool> HasRunningContainersAsync(CancellationToken cancellationToken)
    {
        using var client = new DockerClientBuilder().WithEndpoint(options.Endpoint).Build();
        return (await client.Containers.ListContainersAsync(new ContainersListParameters(), cancellationToken)).Count > 0;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Directory.Exists("/run/systemd/system"))
        {
            await Command.RunAsync("systemctl", ["stop", "docker.service", "docker.socket"], null, CommandLimit, cancellationToken);
        }
        else if (int.TryParse((await File.ReadAllTextAsync(PidFile, cancellationToken)).Trim(), CultureInfo.InvariantCulture, out var pid))
        {
            await Command.RunAsync("kill", ["-TERM", pid.ToString(CultureInfo.InvariantCulture)], null, CommandLimit, cancellationToken);
        }

        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timed.CancelAfter(StopLimit);
        while ((await ProbeAsync(timed.Token)).Answers || File.Exists(PidFile)) await Task.Delay(100, timed.Token);
    }
}

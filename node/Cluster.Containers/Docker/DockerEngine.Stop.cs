using System.Globalization;
using System.Net.Sockets;
using Cluster.Containers.Network;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging;

namespace Cluster.Containers.Docker;

public sealed partial class DockerEngine
{
    /// <summary>Stops the engine if we started it and no container runs on it. True if it was stopped.</summary>
    /// <exception cref="RuntimeException">It hangs, or has not stopped in time.</exception>
    public async Task<bool> StopIfOursAsync(CancellationToken cancellationToken)
    {
        if (!owned.Has(OwnedStart)) return false;
        var (answers, why) = await ProbeAsync(cancellationToken);
        ThrowIfHung(why);
        if (answers)
        {
            if (await HasRunningContainersAsync(cancellationToken))
            {
                logger.LogInformation("Docker is left running: other containers run on it");
                return false;
            }

            await StopAsync(cancellationToken);
        }

        await owned.ForgetAsync(OwnedStart, cancellationToken);
        return true;
    }

    private async Task<bool> HasRunningContainersAsync(CancellationToken cancellationToken)
    {
        using var client = new DockerClientBuilder().WithEndpoint(options.Endpoint).Build();
        return (await client.Containers.ListContainersAsync(new ContainersListParameters(), cancellationToken)).Count > 0;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        // As at the start: services listen on the default socket only.
        if (options.Endpoint == DockerRuntimeOptions.DefaultEndpoint && Directory.Exists("/run/systemd/system"))
        {
            await Command.RunAsync("systemctl", ["stop", "docker.service", "docker.socket"], null, CommandLimit, cancellationToken);
        }
        else
        {
            var pid = await ReadPidAsync(cancellationToken);
            await Command.RunAsync("kill", ["-TERM", pid.ToString(CultureInfo.InvariantCulture)], null, CommandLimit, cancellationToken);
        }

        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timed.CancelAfter(options.StopLimit);
        try
        {
            while (await IsThereAsync(timed.Token)) await Task.Delay(100, timed.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RuntimeException(
                RuntimeFailure.Timeout, $"Docker was told to stop but still runs after {options.StopLimit.TotalSeconds:0.#} s: see its log and try again");
        }
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        var (answers, why) = await ProbeAsync(cancellationToken);
        return answers || why is SocketError.TimedOut || File.Exists(options.PidFile);
    }

    private async Task<int> ReadPidAsync(CancellationToken cancellationToken)
    {
        var text = File.Exists(options.PidFile) ? await File.ReadAllTextAsync(options.PidFile, cancellationToken) : "";
        return int.TryParse(text.Trim(), CultureInfo.InvariantCulture, out var pid)
            ? pid
            : throw Unavailable($"Docker runs but {options.PidFile} does not say as which process: stop it by hand");
    }
}

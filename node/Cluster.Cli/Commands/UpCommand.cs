using System.CommandLine;
using System.Diagnostics;
using Cluster.Cli.Hosting;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster up</c>: everything on this machine, from nothing to ready.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var options = new ClusterOptions();
        var command = new Command("up", "Bring the cluster up on this machine: API server, scheduler, controllers, kubelet, proxy and DNS.");
        foreach (Option option in options.All) command.Add(option);
        command.SetAction((parsed, cancellationToken) =>
        {
            ClusterSettings settings = options.Read(parsed);
            return parsed.GetValue(options.Detach)
                ? DetachedAsync(settings, [.. parsed.Tokens.Select(token => token.Value).Where(token => token != "--detach")], cancellationToken)
                : ForegroundAsync(settings, cancellationToken);
        });
        return command;
    }

    private static async Task<int> ForegroundAsync(ClusterSettings settings, CancellationToken cancellationToken)
    {
        (DataDirectory data, UpLock held) = Begin(settings);
        using (held)
        using (ILoggerFactory logs = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)
                   .AddProvider(new RollingFileLoggerProvider(Path.Combine(data.Logs, "cluster.log"), LogLevel.Information, TimeProvider.System))))
        {
            await using var host = new ClusterHost(settings, data, logs, Console.Out, TimeProvider.System);
            try
            {
                await host.StartAsync(cancellationToken);
                await host.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                Console.WriteLine($"stopping; containers run on, `cluster down --data {data.Root}` removes them");
            }

            return 0;
        }
    }

    // The checks run here too, so that what is wrong is said at once; the started process makes them again under the lock.
    private static (DataDirectory Data, UpLock Held) Begin(ClusterSettings settings)
    {
        if (!Environment.IsPrivilegedProcess) throw new CliException("up needs root (routes, containers): run it as root, or with sudo");
        bool existed = Directory.Exists(settings.DataPath);
        UpLock? held = null;
        try
        {
            DataDirectory data = DataDirectory.Prepare(settings.DataPath);
            held = UpLock.Take(data);
            Preflight.Check(settings, proxyRuns: ProcessRecord.Read(ProxySupervisor.RecordPathIn(data)) is { IsAlive: true });
            return (data, held);
        }
        catch (CliException)
        {
            held?.Dispose();
            // A start that was refused leaves no folder that was not there before.
            if (!existed && Directory.Exists(settings.DataPath)) Directory.Delete(settings.DataPath, recursive: true);
            throw;
        }
    }

    private static async Task<int> DetachedAsync(ClusterSettings settings, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        (DataDirectory data, UpLock held) = Begin(settings);
        held.Dispose();
        string output = Path.Combine(data.Logs, "up.out"), error = Path.Combine(data.Logs, "up.err"), ready = ClusterHost.ReadyPath(data);
        File.Delete(output);
        File.Delete(error);
        File.Delete(ready);
        using Process up = Process.Start(DetachedProcess.StartInfo(output, error, arguments)) ?? throw new CliException("cannot start /bin/sh");
        await using var progress = new FileStream(output, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(progress);
        while (true)
        {
            bool ended = up.HasExited, isReady = File.Exists(ready);
            Console.Write(await reader.ReadToEndAsync(cancellationToken));
            if (isReady) return 0;
            if (ended)
            {
                Console.Error.Write(File.Exists(error) ? await File.ReadAllTextAsync(error, cancellationToken) : "");
                return up.ExitCode == 0 ? 1 : up.ExitCode;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }
}

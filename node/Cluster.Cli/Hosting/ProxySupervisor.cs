using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>Keeps the proxy running as a process of its own: started again when it ends, adopted when it already runs.</summary>
/// <remarks>
/// The proxy outlives us on purpose: with the control plane dead, services go on answering, and the next <c>up</c> finds it by its record.
/// It writes its record itself, first thing (<see cref="Record"/>), so that a kill of ours between its start and our note of it loses nothing.
/// One loop owns all state; nothing here is called from two threads.
/// </remarks>
internal sealed class ProxySupervisor(DataDirectory data, IReadOnlyList<string> arguments, ILogger<ProxySupervisor> logger, TimeProvider time)
{
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SteadyAfter = TimeSpan.FromSeconds(30);

    private Process? child;

    private string RecordPath => RecordPathIn(data);

    // What the running proxy was started with: another binary or other arguments mean that it has to be replaced.
    private string CommandPath => Path.Combine(data.Run, "proxy.command");

    /// <summary>Runs until cancelled; the proxy goes on running then (<see cref="StopAsync"/> ends it).</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan backoff = FirstBackoff;
        ProcessRecord? proxy = await AdoptAsync(cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            proxy ??= Start();
            long begin = time.GetTimestamp();
            while (proxy.IsAlive) await Task.Delay(PollPeriod, time, cancellationToken);

            backoff = time.GetElapsedTime(begin) > SteadyAfter ? FirstBackoff : Min(backoff * 2, LongestBackoff);
            logger.LogWarning("the proxy (pid {Pid}) ended{ExitCode}; starting it again in {Backoff}", proxy.Pid, ExitCode(), backoff);
            proxy = null;
            await Task.Delay(backoff, time, cancellationToken);
        }
    }

    /// <summary>Ends the proxy of this data folder, whoever started it.</summary>
    public static async Task StopAsync(DataDirectory data, TimeProvider time, CancellationToken cancellationToken)
    {
        string record = RecordPathIn(data);
        if (ProcessRecord.Read(record) is { } proxy) await proxy.StopAsync(TimeSpan.FromSeconds(10), time, cancellationToken);
        File.Delete(record);
    }

    /// <summary>Called by the proxy's own process.</summary>
    public static void Record(DataDirectory data)
    {
        Directory.CreateDirectory(data.Run);
        ProcessRecord.Current.Write(RecordPathIn(data));
    }

    public static string RecordPathIn(DataDirectory data) => Path.Combine(data.Run, "proxy.pid");

    private async Task<ProcessRecord?> AdoptAsync(CancellationToken cancellationToken)
    {
        if (ProcessRecord.Read(RecordPath) is not { IsAlive: true } running) return null;
        if (File.Exists(CommandPath) && await File.ReadAllTextAsync(CommandPath, cancellationToken) == CommandIdentity())
        {
            logger.LogInformation("the proxy (pid {Pid}) still runs and is kept", running.Pid);
            return running;
        }

        logger.LogInformation("the proxy (pid {Pid}) is of another build or configuration and is replaced", running.Pid);
        await running.StopAsync(TimeSpan.FromSeconds(10), time, cancellationToken);
        return null;
    }

    private ProcessRecord Start()
    {
        child?.Dispose();
        ProcessStartInfo start = DetachedProcess.StartInfo(Path.Combine(data.Logs, "proxy.out"), Path.Combine(data.Logs, "proxy.out"), arguments);
        // Completions run on the thread that polled the socket: measured +45% requests per second for the proxy's loops.
        start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        File.WriteAllText(CommandPath, CommandIdentity());
        child = Process.Start(start)!;
        ProcessRecord proxy = ProcessRecord.Observe(child.Id) ?? new ProcessRecord(child.Id, 0);
        proxy.Write(RecordPath);
        return proxy;
    }

    private string CommandIdentity() =>
        $"{Environment.ProcessPath} {NewestAssembly():O}\n{string.Join('\n', arguments)}";

    // Not the program's own file alone: a change in a library leaves that as it is.
    private static DateTime NewestAssembly() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Select(File.GetLastWriteTimeUtc).Max();

    private string ExitCode() => child is { HasExited: true } ? $" with exit code {child.ExitCode}" : "";

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

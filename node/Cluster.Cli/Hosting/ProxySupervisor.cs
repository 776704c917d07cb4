using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>Keeps the proxy running as a process of its own: started again when it ends, adopted when it already runs.</summary>
/// <remarks>
/// The proxy outlives us on purpose: with the control plane dead, services go on answering, and the next <c>up</c> finds it by its record.
/// It registers itself first thing (<see cref="Register"/>), so that a kill of ours between its start and our note of it loses nothing, and
/// writes the record of the one that serves once it does (<see cref="Record"/>): another build or configuration is started beside
/// the one that runs and takes over from it, and the old one ends when its connections have.
/// One loop owns all state; nothing here is called from two threads.
/// </remarks>
internal sealed class ProxySupervisor(DataDirectory data, IReadOnlyList<string> arguments, ILogger<ProxySupervisor> logger, TimeProvider time)
{
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    /// <summary>A process that has not taken over by then never will: it waits two minutes for the other's word at most.</summary>
    private static readonly TimeSpan TakeOverLimit = TimeSpan.FromMinutes(3);
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
            while (proxy.IsAlive)
            {
                await Task.Delay(PollPeriod, time, cancellationToken);
                proxy = Current(proxy);
            }

            backoff = time.GetElapsedTime(begin) > SteadyAfter ? FirstBackoff : Min(backoff * 2, LongestBackoff);
            logger.LogWarning("the proxy (pid {Pid}) ended{ExitCode}; starting it again in {Backoff}", proxy.Pid, ExitCode(), backoff);
            await Task.Delay(backoff, time, cancellationToken);
            // It may have ended because another process had taken over, whose record was a moment late.
            proxy = ProcessRecord.Read(RecordPath) is { IsAlive: true } serving ? serving : null;
        }
    }

    /// <summary>Ends the proxy of this data folder, whoever started it.</summary>
    public static async Task StopAsync(DataDirectory data, TimeProvider time, CancellationToken cancellationToken)
    {
        string record = RecordPathIn(data);
        IEnumerable<string> registered = Directory.Exists(data.Proxies) ? Directory.EnumerateFiles(data.Proxies) : [];
        ProcessRecord[] proxies = [.. registered.Append(record).Select(ProcessRecord.Read).OfType<ProcessRecord>().Distinct()];
        await Task.WhenAll(proxies.Select(proxy => proxy.StopAsync(StopGrace, time, cancellationToken)));
        File.Delete(record);
        if (Directory.Exists(data.Proxies)) Directory.Delete(data.Proxies, recursive: true);
    }

    /// <summary>Called by the proxy's own process, first thing; what it returns is disposed at its end.</summary>
    public static IDisposable Register(DataDirectory data)
    {
        Directory.CreateDirectory(data.Proxies);
        string path = Path.Combine(data.Proxies, $"{Environment.ProcessId}");
        ProcessRecord.Current.Write(path);
        return new Registration(path);
    }

    /// <summary>Called by the proxy's own process, once it is the one that serves.</summary>
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

        return await SucceedAsync(running, cancellationToken);
    }

    // Whoever serves by now: SIGUSR2, or a start by hand, has had another process take over.
    private ProcessRecord Current(ProcessRecord proxy)
    {
        if (ProcessRecord.Read(RecordPath) is not { IsAlive: true } serving || serving == proxy) return proxy;
        logger.LogInformation("the proxy with pid {Pid} has taken over from the one with pid {Before}", serving.Pid, proxy.Pid);
        return serving;
    }

    private async Task<ProcessRecord?> SucceedAsync(ProcessRecord running, CancellationToken cancellationToken)
    {
        ProcessRecord next = Launch();
        logger.LogInformation("the proxy (pid {Pid}) is of another build or configuration: pid {Next} takes over from it", running.Pid, next.Pid);
        long begin = time.GetTimestamp();
        while (next.IsAlive && time.GetElapsedTime(begin) < TakeOverLimit)
        {
            if (ProcessRecord.Read(RecordPath) == next)
            {
                await File.WriteAllTextAsync(CommandPath, CommandIdentity(), cancellationToken);
                return next;
            }

            await Task.Delay(PollPeriod, time, cancellationToken);
        }

        logger.LogWarning("the proxy (pid {Next}) could not take over{ExitCode}, see its log; the running one is stopped and it is started anew", next.Pid, ExitCode());
        await next.StopAsync(StopGrace, time, cancellationToken);
        await running.StopAsync(StopGrace, time, cancellationToken);
        return null;
    }

    private ProcessRecord Start()
    {
        File.WriteAllText(CommandPath, CommandIdentity());
        ProcessRecord proxy = Launch();
        proxy.Write(RecordPath);
        return proxy;
    }

    private ProcessRecord Launch()
    {
        child?.Dispose();
        ProcessStartInfo start = DetachedProcess.StartInfo(Path.Combine(data.Logs, "proxy.out"), Path.Combine(data.Logs, "proxy.out"), arguments);
        // Completions run on the thread that polled the socket: measured +45% requests per second for the proxy's loops.
        start.Environment["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1";
        child = Process.Start(start)!;
        return ProcessRecord.Observe(child.Id) ?? new ProcessRecord(child.Id, 0);
    }

    private string CommandIdentity() =>
        $"{Environment.ProcessPath} {NewestAssembly():O}\n{string.Join('\n', arguments)}";

    // Not the program's own file alone: a change in a library leaves that as it is.
    private static DateTime NewestAssembly() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Select(File.GetLastWriteTimeUtc).Max();

    private string ExitCode() => child is { HasExited: true } ? $" with exit code {child.ExitCode}" : "";

    private sealed class Registration(string path) : IDisposable
    {
        public void Dispose()
        {
            if (File.Exists(path)) File.Delete(path);
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

using Cluster.Dataplane.Linux;
using Cluster.Proxy.CommandLine;

namespace Cluster.Proxy.Host;

/// <summary>Runs the proxy in this process until SIGTERM or Ctrl-C.</summary>
internal static class ProxyHost
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromMilliseconds(100);

    // What a start leaves to do (first watches, first looks at backends) is over by then.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Traffic stands still while garbage is collected: at 100 services no longer than it does by itself on a busy machine (7 ms), at 10,000 of
    /// 10 backends, which hold some 70 MB, 40 to 60 ms. Where nobody is there yet, nobody notices; a process that has just taken over from another
    /// has new clients at once.
    /// </summary>
    private const long MostCollectedBytes = 24 << 20;

    public static async Task<int> RunAsync(ProxySettings settings, CancellationToken cancellationToken)
    {
        using var logs = new StderrLogs(settings.LogLevel, TimeProvider.System);
        var program = new ProxyProgram(settings, logs, TimeProvider.System);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var releasing = ReleaseStartAsync(program, ended.Token);
        try
        {
            await program.RunAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The signal: a clean end.
        }
        finally
        {
            await ended.CancelAsync();
            await releasing;
        }

        return 0;
    }

    // Parsing flags and files, TLS handshakes and first lists are most of the code that ever runs, and run once.
    private static async Task ReleaseStartAsync(ProxyProgram program, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested && !program.IsReady)
            await Task.Delay(LookPeriod, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(Settle, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested) return;
        // Garbage first: collecting uses code too.
        if (program.Clients == 0 || GC.GetTotalMemory(forceFullCollection: false) <= MostCollectedBytes) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ProgramPages.Release();
    }
}

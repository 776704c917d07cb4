using Cluster.Proxy.CommandLine;

namespace Cluster.Proxy.Host;

/// <summary>Runs the proxy in this process until SIGTERM or Ctrl-C, and tells a service manager that waits for it.</summary>
internal static class ProxyHost
{
    public static async Task<int> RunAsync(ProxySettings settings, CancellationToken cancellationToken)
    {
        using var logs = new StderrLogs(settings.LogLevel, TimeProvider.System);
        var program = new ProxyProgram(settings, logs, TimeProvider.System);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var notifying = ServiceManager.NotifyAsync(() => program.IsReady, ended.Token);
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
            await notifying;
        }

        return 0;
    }
}

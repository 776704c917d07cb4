using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>Runs one component alone in this process until SIGTERM or Ctrl-C.</summary>
internal static class ComponentHost
{
    /// <param name="logFile">Null: stderr.</param>
    /// <param name="run">Gets the loggers and a token that is cancelled on the signal.</param>
    /// <param name="cancellationToken">The command line's own.</param>
    /// <param name="tidies">It gives memory back when it rests: not where a pause is felt.</param>
    public static async Task<int> RunAsync(
        string? logFile, Func<ILoggerFactory, CancellationToken, Task> run, CancellationToken cancellationToken, bool tidies = false)
    {
        using ILoggerFactory logs = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning)
            .AddProvider(new RollingFileLoggerProvider(logFile, LogLevel.Information, TimeProvider.System)));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task tidying = tidies ? IdleMemory.RunAsync(TimeProvider.System, ended.Token) : Task.CompletedTask;
        try
        {
            await run(logs, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The signal: a clean end.
        }
        finally
        {
            await ended.CancelAsync();
            await tidying;
        }

        return 0;
    }
}

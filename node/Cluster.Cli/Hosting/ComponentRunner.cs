using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>Runs one component until cancelled; one that fails is logged and started again, so that it is no fault of the others.</summary>
internal sealed class ComponentRunner(string name, Func<CancellationToken, Task> run, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    public string Name => name;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan backoff = FirstBackoff;
        while (!cancellationToken.IsCancellationRequested)
        {
            long begin = time.GetTimestamp();
            try
            {
                await run(cancellationToken);
                if (cancellationToken.IsCancellationRequested) return;
                logger.LogError("the {Component} ended by itself; starting it again", name);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // The top of a component: whatever it let through must not end the process that other components share.
                logger.LogError(failure, "the {Component} failed; starting it again", name);
            }

            backoff = time.GetElapsedTime(begin) > LongestBackoff ? FirstBackoff : backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
            await Task.Delay(backoff, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

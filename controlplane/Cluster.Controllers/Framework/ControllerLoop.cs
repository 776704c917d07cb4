using Cluster.Api;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Controllers.Framework;

/// <summary>Runs one controller: its watches, its queue, its workers.</summary>
internal sealed class ControllerLoop(IController controller, InformerFactory informers, ILogger logger, TimeProvider time)
{
    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var queue = new WorkQueue<ObjectKey>(time, controller.Name);
        var watches = new ControllerWatches(informers, queue);
        controller.Watch(watches);
        try
        {
            foreach (var informer in watches.Watched)
            {
                await informer.WaitForSyncAsync(cancellationToken);
            }

            logger.LogInformation("Controller {Controller} started", controller.Name);
            await Task.WhenAll(Enumerable.Range(0, controller.Workers).Select(_ => Task.Run(() => WorkAsync(queue, cancellationToken), CancellationToken.None)));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopped before it started.
        }
    }

    private async Task WorkAsync(WorkQueue<ObjectKey> queue, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            ObjectKey key;
            try
            {
                key = await queue.GetAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await ReconcileAsync(queue, key, cancellationToken);
            queue.Done(key);
        }
    }

    private async Task ReconcileAsync(WorkQueue<ObjectKey> queue, ObjectKey key, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var succeeded = false;
        try
        {
            var again = await controller.ReconcileAsync(key, cancellationToken);
            queue.Forget(key);
            if (again is { } delay)
            {
                queue.AddAfter(key, delay);
            }

            succeeded = true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            // A controller's bug, a conflict or a server that is away: this key waits, the others go on.
            Log(e, key);
            queue.AddRateLimited(key);
        }

        ControllerMetrics.Done(controller.Name, succeeded, time.GetElapsedTime(began));
    }

    private void Log(Exception e, ObjectKey key)
    {
        if (e is StatusException or HttpRequestException or IOException)
        {
            var level = e is StatusException { IsConflict: true } ? LogLevel.Debug : LogLevel.Warning;
            logger.Log(level, "{Controller} {Key}: {Message}; trying again", controller.Name, key, e.Message);
        }
        else
        {
            logger.LogError(e, "{Controller} {Key} failed; trying again", controller.Name, key);
        }
    }
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Kubelet.Lifecycle;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.PodWorkers;

/// <summary>
/// Brings one pod from what runs to what is wanted, again and again, on a loop of its own: whatever hangs here, no other pod waits
/// for it. A pod that is to end interrupts what its worker is doing.
/// </summary>
internal sealed class PodWorker : IAsyncDisposable
{
    private static readonly TimeSpan MinRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(10);

    private readonly NodeContext node;
    private readonly Signal wake = new();
    private readonly Lock sync = new();
    private readonly Backoff failures = new(MinRetry, MaxRetry);
    private readonly PodSync pod;
    private PodTarget target;
    private CancellationTokenSource? interrupt;

    public PodWorker(NodeContext node, PodTarget target, Func<Pod, (string Reason, string Message)?> admit)
    {
        this.node = node;
        this.target = target;
        pod = new PodSync(node, target.Pod, admit, wake.Set);
    }

    public string Uid => Pod.Metadata.Uid;

    /// <summary>The pod as last told.</summary>
    public Pod Pod
    {
        get
        {
            lock (sync) return target.Pod;
        }
    }

    /// <summary>The pod's status as last computed here, or as the API had it at first.</summary>
    public PodStatus? Status => pod.Status ?? Pod.Status;

    /// <summary>Nothing of the pod is left on this machine and nothing more will be done.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>The pod changed in the API.</summary>
    public void Update(Pod changed) => Change(new PodTarget(changed, IsRemoved: false));

    /// <summary>The pod is gone from the API: end it, tell nobody.</summary>
    /// <param name="last">Its last state, which says how much grace is left: none after a forced delete.</param>
    public void Remove(Pod last) => Change(new PodTarget(last, IsRemoved: true));

    /// <summary>Its containers changed.</summary>
    public void Wake() => wake.Set();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var next = await SyncOnceAsync(cancellationToken);
            if (IsFinished) return;
            if (next > TimeSpan.Zero) await wake.WaitAsync(next, node.Time, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => pod.DisposeAsync();

    private async Task<TimeSpan> SyncOnceAsync(CancellationToken cancellationToken)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        PodTarget wanted;
        lock (sync)
        {
            interrupt = attempt;
            wanted = target;
        }

        try
        {
            var result = await pod.SyncAsync(wanted, attempt.Token);
            IsFinished = result.IsFinished;
            if (!result.HasFailures) failures.Reset();
            return result.HasFailures && result.Next > TimeSpan.Zero ? Min(result.Next, failures.Next()) : result.Next;
        }
        catch (OperationCanceledException)
        {
            // Interrupted by a new target, or stopped: either way the loop decides.
            return TimeSpan.Zero;
        }
        catch (Exception exception)
        {
            // Top of the loop: an engine that fails or a bug must not end the pod's worker.
            var level = exception is Containers.RuntimeException or StatusException or HttpRequestException
                ? LogLevel.Warning
                : LogLevel.Error;
            node.Logger.Log(
                level, exception, "Syncing pod {Namespace}/{Pod} failed", wanted.Pod.Metadata.Namespace, wanted.Pod.Metadata.Name);
            return failures.Next();
        }
        finally
        {
            lock (sync) interrupt = null;
        }
    }

    private void Change(PodTarget changed)
    {
        CancellationTokenSource? running = null;
        lock (sync)
        {
            if (EndsSooner(target, changed)) running = interrupt;
            target = changed;

            // Under the lock, so that the source can't be disposed meanwhile; the waiters resume elsewhere.
            _ = running?.CancelAsync();
        }

        wake.Set();
    }

    private bool EndsSooner(PodTarget before, PodTarget after)
    {
        if (!after.IsEnding) return false;
        return !before.IsEnding || (after.IsRemoved && !before.IsRemoved)
            || after.Grace(node.Options.DefaultGrace) < before.Grace(node.Options.DefaultGrace);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

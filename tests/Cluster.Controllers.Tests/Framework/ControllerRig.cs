using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Controllers.Tests.Framework;

/// <summary>Controllers over an API server in memory and a clock of our own, with the simplest of kubelets.</summary>
internal sealed class ControllerRig : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private int _address;

    public ControllerRig() => Api = new(Time);

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddYears(55));

    public FakeApiClient Api { get; }

    /// <summary>How far the clock goes in a step: more, where what is tested takes minutes.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Errors that are logged, which no ordinary day may have.</summary>
    public RecordedLog Errors { get; } = new(LogLevel.Error);

    /// <summary>Pods become ready at once and go when they are deleted.</summary>
    public bool HasKubelet { get; set; } = true;

    /// <summary>Which pods the kubelet can start.</summary>
    public Func<Pod, bool> CanStart { get; set; } = _ => true;

    public IReadOnlyList<Pod> Pods => Api.All<Pod>();

    public IEnumerable<string> Events => Api.All<Event>().Select(e => $"{e.Reason}: {e.Message}");

    public void Start(params string[] controllers) => Start(new ControllerManagerOptions { Controllers = controllers });

    public void Start(ControllerManagerOptions options)
    {
        var manager = new ControllerManager(Api, options with { LeaderElect = false }, Errors, Time);
        _running = manager.RunAsync(_stop.Token);
    }

    /// <summary>Lets time pass, a tick at a time, until the condition holds.</summary>
    public async Task UntilAsync(Func<bool> condition, string what = "", Action? each = null)
    {
        for (var i = 0; i < 3000; i++)
        {
            if (condition())
            {
                return;
            }

            await StepAsync(each);
        }

        throw new TimeoutException($"not in {3000 * Tick}: {what}");
    }

    /// <summary>Lets an amount of time pass.</summary>
    public async Task PassAsync(TimeSpan time, Action? each = null)
    {
        for (var end = Time.GetUtcNow() + time; Time.GetUtcNow() < end;)
        {
            await StepAsync(each);
        }
    }

    /// <summary>Two seconds in which nothing more may happen, for tests of what must not.</summary>
    public Task SettleAsync() => PassAsync(TimeSpan.FromSeconds(2));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task StepAsync(Action? each)
    {
        if (HasKubelet)
        {
            RunPods();
        }

        each?.Invoke();
        Time.Advance(Tick);

        // On a busy machine the fake clock must not run away from those it has woken.
        for (var i = 0; i < 50 && (i == 0 || ThreadPool.PendingWorkItemCount > 0); i++)
        {
            await Task.Delay(1);
        }
    }

    private void RunPods()
    {
        foreach (var pod in Api.All<Pod>())
        {
            try
            {
                if (pod.Metadata.DeletionTimestamp is not null)
                {
                    End(pod);
                }
                else if (pod.Status.PodIP.Length == 0 && CanStart(pod))
                {
                    Api.Change<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, Run);
                }
            }
            catch (StatusException e) when (e.IsNotFound)
            {
                // Its controller has taken it away this moment.
            }
        }
    }

    // What has finalizers stays, with nothing left to wait for.
    private void End(Pod pod)
    {
        if (pod.Metadata.Finalizers.Count == 0)
        {
            Api.Remove<Pod>(pod.Metadata.Namespace, pod.Metadata.Name);
        }
        else if (pod.Metadata.DeletionGracePeriodSeconds != 0 || !pod.Metadata.HasDeletionGracePeriodSeconds)
        {
            Api.Change<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, one => one.Metadata.DeletionGracePeriodSeconds = 0);
        }
    }

    private void Run(Pod pod)
    {
        pod.Spec.NodeName = pod.Spec.NodeName.Length == 0 ? "n1" : pod.Spec.NodeName;
        pod.Status.Phase = "Running";
        pod.Status.PodIP = $"10.244.0.{++_address}";
        pod.Status.SetCondition(new() { Type = "Ready", Status = "True", LastTransitionTime = Time.GetUtcNow().ToTime() });
    }
}

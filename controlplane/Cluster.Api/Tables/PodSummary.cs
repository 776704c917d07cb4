using Cluster.Api.CoreV1;

namespace Cluster.Api.Tables;

/// <summary>A pod in three words: how many containers are ready, why it is as it is, how often it restarted.</summary>
internal sealed class PodSummary
{
    private static readonly PodStatus NoStatus = new();

    private readonly PodStatus status;
    private readonly HashSet<string> sidecars;
    private int ready;
    private int restarts;
    private DateTimeOffset lastRestart = DateTimeOffset.MinValue;

    private PodSummary(Pod pod)
    {
        Pod = pod;
        status = pod.Status ?? NoStatus;
        sidecars = pod.Spec?.InitContainers.Where(container => container.IsSidecar()).Select(container => container.Name).ToHashSet() ?? [];
        Reason = status.Reason.Length > 0 ? status.Reason : status.Phase;
    }

    public Pod Pod { get; }

    /// <summary><c>1/2</c>.</summary>
    public string Ready => $"{ready}/{(Pod.Spec?.Containers.Count ?? 0) + sidecars.Count}";

    /// <summary>Running, Pending, Completed, CrashLoopBackOff, Init:0/1, Terminating and the like.</summary>
    public string Reason { get; private set; }

    public static PodSummary Of(Pod pod)
    {
        var summary = new PodSummary(pod);
        summary.Read();
        return summary;
    }

    /// <summary><c>3 (5m ago)</c>.</summary>
    public string RestartText(DateTimeOffset now) =>
        restarts == 0 || lastRestart == DateTimeOffset.MinValue ? $"{restarts}" : $"{restarts} ({AgeText.Of(now - lastRestart)} ago)";

    private void Read()
    {
        if (Pod.GetCondition("PodScheduled") is { Reason: "SchedulingGated" })
        {
            Reason = "SchedulingGated";
        }
        var initializing = ReadInitContainers();
        if (!initializing || Pod.GetCondition("Initialized")?.Status == "True")
        {
            ReadContainers();
        }
        if (!Pod.IsTerminating())
        {
            return;
        }
        if (status.Reason == "NodeLost")
        {
            Reason = "Unknown";
        }
        else if (!Pod.IsTerminal())
        {
            Reason = "Terminating";
        }
    }

    /// <summary>Up to the first that holds the pod back.</summary>
    /// <returns>Whether one does.</returns>
    private bool ReadInitContainers()
    {
        for (var i = 0; i < status.InitContainerStatuses.Count; i++)
        {
            var container = status.InitContainerStatuses[i];
            CountRestarts(container);
            if (container.State?.Terminated is { ExitCode: 0 })
            {
                continue;
            }
            if (sidecars.Contains(container.Name) && container.Started)
            {
                ready += container.Ready ? 1 : 0;
                continue;
            }
            Reason = "Init:" + InitReason(container.State, i);
            return true;
        }
        return false;
    }

    private string InitReason(ContainerState? state, int index) => state switch
    {
        { Terminated: { } ended } => EndReason(ended),
        { Waiting.Reason: { Length: > 0 } reason } when reason != "PodInitializing" => reason,
        _ => $"{index}/{Pod.Spec?.InitContainers.Count ?? 0}",
    };

    /// <summary>The first container that has something to tell wins; once all run, only sidecars' init restarts count.</summary>
    private void ReadContainers()
    {
        (restarts, lastRestart) = (0, DateTimeOffset.MinValue);
        foreach (var sidecar in status.InitContainerStatuses.Where(container => sidecars.Contains(container.Name)))
        {
            CountRestarts(sidecar);
        }
        var anyRunning = false;
        foreach (var container in status.ContainerStatuses.Reverse())
        {
            CountRestarts(container);
            anyRunning |= ReadContainer(container);
        }
        if (Reason == "Completed" && anyRunning)
        {
            Reason = Pod.IsReady() ? "Running" : "NotReady";
        }
    }

    /// <returns>Whether the container runs and is ready.</returns>
    private bool ReadContainer(ContainerStatus container)
    {
        switch (container.State)
        {
            case { Waiting.Reason: { Length: > 0 } reason }:
                Reason = reason;
                return false;
            case { Terminated: { } ended }:
                Reason = EndReason(ended);
                return false;
            case { Running: not null } when container.Ready:
                ready++;
                return true;
            default:
                return false;
        }
    }

    private void CountRestarts(ContainerStatus container)
    {
        restarts += container.RestartCount;
        if (container.LastState?.Terminated?.FinishedAt is { } finished && finished.ToDateTimeOffset() > lastRestart)
        {
            lastRestart = finished.ToDateTimeOffset();
        }
    }

    private static string EndReason(ContainerStateTerminated ended)
    {
        if (ended.Reason.Length > 0)
        {
            return ended.Reason;
        }
        return ended.Signal != 0 ? $"Signal:{ended.Signal}" : $"ExitCode:{ended.ExitCode}";
    }
}

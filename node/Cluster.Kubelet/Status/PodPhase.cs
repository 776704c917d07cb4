using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Status;

/// <summary>A pod's phase from its containers' states and its restart policy, by Kubernetes' rules.</summary>
internal static class PodPhase
{
    public const string Pending = "Pending";
    public const string Running = "Running";
    public const string Succeeded = "Succeeded";
    public const string Failed = "Failed";

    public static string Of(PodSpec spec, PodStatus status, bool initialized)
    {
        if (!initialized) return InitFailed(spec, status) ? Failed : Pending;
        var running = 0;
        var waiting = 0;
        var stopped = 0;
        var succeeded = 0;
        foreach (var container in status.ContainerStatuses)
        {
            if (container.State.Running is not null) running++;
            else if ((container.State.Terminated ?? container.LastState.Terminated) is { } ended)
            {
                stopped++;
                if (container.State.Terminated is not null && ended.ExitCode == 0) succeeded++;
            }
            else waiting++;
        }

        if (waiting > 0) return Pending;
        if (running > 0 || stopped == 0) return running > 0 ? Running : Pending;
        if (spec.RestartPolicy is "Always" or "") return Running;
        if (stopped == succeeded) return Succeeded;
        return spec.RestartPolicy == "Never" ? Failed : Running;
    }

    private static bool InitFailed(PodSpec spec, PodStatus status) =>
        spec.RestartPolicy == "Never"
        && spec.InitContainers.Zip(status.InitContainerStatuses).Any(
            pair => !pair.First.IsSidecar() && pair.Second.State.Terminated is { ExitCode: not 0 });
}

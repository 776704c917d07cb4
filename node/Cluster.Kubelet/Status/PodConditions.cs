using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Status;

/// <summary>The conditions of a pod that the kubelet answers for.</summary>
internal static class PodConditions
{
    public static readonly IReadOnlySet<string> Ours =
        new HashSet<string> { "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled" };

    public static void Add(StatusInputs inputs, PodStatus status, bool initialized)
    {
        var spec = inputs.Pod.Spec;
        var sandbox = inputs.Observed.RunningSandbox is not null;
        Add(inputs, status, "PodReadyToStartContainers", sandbox, "", "");
        var (done, reason, message) = Initialized(spec, status, initialized);
        Add(inputs, status, "Initialized", done, reason, message);
        (done, reason, message) = ContainersReady(spec, status);
        var gates = spec.ReadinessGates.Where(gate => inputs.Pod.GetCondition(gate.ConditionType)?.Status != "True")
            .Select(gate => gate.ConditionType).ToList();
        if (done && gates.Count > 0)
            Add(
                inputs, status, "Ready", false, "ReadinessGatesNotReady",
                $"the status of pod readiness gate{(gates.Count > 1 ? "s" : "")} \"{string.Join("\", \"", gates)}\" is not \"True\"");
        else
            Add(inputs, status, "Ready", done, reason, message);
        Add(inputs, status, "ContainersReady", done, reason, message);
        Add(inputs, status, "PodScheduled", true, "", "");
    }

    private static (bool Done, string Reason, string Message) Initialized(PodSpec spec, PodStatus status, bool initialized)
    {
        if (status.Phase == PodPhase.Succeeded) return (true, "PodCompleted", "");
        if (initialized) return (true, "", "");
        var incomplete = spec.InitContainers.Zip(status.InitContainerStatuses).Where(pair => !pair.Second.Ready)
            .Select(pair => pair.First.Name);
        return (false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', incomplete)}]");
    }

    private static (bool Done, string Reason, string Message) ContainersReady(PodSpec spec, PodStatus status)
    {
        if (status.Phase == PodPhase.Succeeded) return (false, "PodCompleted", "");
        if (status.Phase == PodPhase.Failed) return (false, "PodFailed", "");
        var sidecars = spec.InitContainers.Zip(status.InitContainerStatuses).Where(pair => pair.First.IsSidecar())
            .Select(pair => pair.Second);
        var all = sidecars.Concat(status.ContainerStatuses).ToList();
        var unready = all.Where(container => !container.Ready).Select(container => container.Name).ToList();
        return unready.Count == 0
            ? (true, "", "")
            : (false, "ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]");
    }

    private static void Add(StatusInputs inputs, PodStatus status, string type, bool holds, string reason, string message)
    {
        var value = holds ? "True" : "False";
        var before = inputs.Pod.GetCondition(type);
        status.Conditions.Add(new PodCondition
        {
            Type = type,
            Status = value,
            Reason = reason,
            Message = message,
            LastTransitionTime = before?.Status == value && before.LastTransitionTime is not null
                ? before.LastTransitionTime
                : inputs.Now.ToTime(),
        });
    }
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Kubelet.Lifecycle;

namespace Cluster.Kubelet.Status;

/// <summary>What the status of a pod is made from, gathered by its worker.</summary>
internal sealed record StatusInputs
{
    public required Pod Pod { get; init; }

    public required PodObservation Observed { get; init; }

    /// <summary>Why a container waits, by its name: reason and message.</summary>
    public required IReadOnlyDictionary<string, (string Reason, string Message)> Waiting { get; init; }

    public required Func<Container, string, bool> IsReady { get; init; }

    public required Func<Container, string, bool> IsStarted { get; init; }

    /// <summary>Image id as shown, by the engine's image id.</summary>
    public required IReadOnlyDictionary<string, string> ShownImages { get; init; }

    /// <summary>Termination messages by container id.</summary>
    public required IReadOnlyDictionary<string, string> LastWords { get; init; }

    public required string PodIP { get; init; }

    public required string HostIP { get; init; }

    public required DateTimeOffset StartTime { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>The kubelet itself ended the pod: reason and message of its failure.</summary>
    public (string Reason, string Message)? Failure { get; init; }
}

/// <summary>Computes a pod's status from what is seen. Pure.</summary>
internal static class PodStatusBuilder
{
    public static PodStatus Build(StatusInputs inputs)
    {
        var spec = inputs.Pod.Spec;
        var status = new PodStatus
        {
            HostIP = inputs.HostIP,
            PodIP = inputs.PodIP,
            StartTime = inputs.StartTime.ToTime(),
            QosClass = Pods.QosClass(spec),
        };
        if (inputs.HostIP.Length > 0) status.HostIPs.Add(new HostIP { Ip = inputs.HostIP });
        if (inputs.PodIP.Length > 0) status.PodIPs.Add(new PodIP { Ip = inputs.PodIP });
        var initialized = IsInitialized(inputs);
        foreach (var container in spec.InitContainers)
            status.InitContainerStatuses.Add(Container(inputs, container, initialized, isInit: true));
        foreach (var container in spec.Containers) status.ContainerStatuses.Add(Container(inputs, container, initialized, isInit: false));
        status.EphemeralContainerStatuses.Add(spec.EphemeralContainers.Select(container => Ephemeral(inputs, container, initialized)));
        status.Phase = inputs.Failure is null ? PodPhase.Of(spec, status, initialized) : PodPhase.Failed;
        (status.Reason, status.Message) = inputs.Failure ?? ("", "");
        PodConditions.Add(inputs, status, initialized);
        return status;
    }

    /// <summary>Every init container ended well, or, once a main container was made, must have.</summary>
    public static bool IsInitialized(StatusInputs inputs)
    {
        var spec = inputs.Pod.Spec;
        if (spec.InitContainers.Count == 0) return true;
        var sandbox = inputs.Observed.RunningSandbox?.Id;
        if (
            spec.Containers.Any(
                container => inputs.Observed.Newest(container.Name) is { } newest && (sandbox is null || newest.Row.SandboxId == sandbox)))
            return true;
        return spec.InitContainers.All(container =>
            inputs.Observed.Newest(container.Name) is { } newest
                && (container.IsSidecar() ? newest.IsRunning && inputs.IsStarted(container, newest.Id) : newest.Succeeded));
    }

    private static ContainerStatus Container(StatusInputs inputs, Container container, bool initialized, bool isInit)
    {
        var newest = inputs.Observed.Newest(container.Name);
        if (newest is { IsStillborn: true }) newest = inputs.Observed.Previous(container.Name);
        var status = new ContainerStatus { Name = container.Name, Image = container.Image, State = new ContainerState(), LastState = new ContainerState() };
        var waits = inputs.Waiting.TryGetValue(container.Name, out var waiting);
        status.Started = newest is { IsRunning: true } && inputs.IsStarted(container, newest.Id);
        if (newest is null)
        {
            var reason = !isInit && !initialized || isInit && inputs.Pod.Spec.InitContainers.Count > 0
                ? "PodInitializing"
                : "ContainerCreating";
            status.State.Waiting = new ContainerStateWaiting { Reason = waits ? waiting.Reason : reason, Message = waits ? waiting.Message : "" };
            return status;
        }

        Identify(inputs, status, newest);
        if (newest.IsRunning)
        {
            status.State.Running = new ContainerStateRunning { StartedAt = (newest.Details.StartedAt ?? newest.Row.CreatedAt).ToTime() };
            status.Ready = isInit && !container.IsSidecar() ? false : inputs.IsReady(container, newest.Id);
            if (inputs.Observed.Previous(container.Name) is { } previous) status.LastState.Terminated = Terminated(inputs, previous);
        }
        else if (waits)
        {
            status.State.Waiting = new ContainerStateWaiting { Reason = waiting.Reason, Message = waiting.Message };
            status.LastState.Terminated = Terminated(inputs, newest);
        }
        else
        {
            status.State.Terminated = Terminated(inputs, newest);
            status.Ready = isInit && newest.Succeeded;
            if (inputs.Observed.Previous(container.Name) is { } previous) status.LastState.Terminated = Terminated(inputs, previous);
        }

        return status;
    }

    // Nobody probes an ephemeral container, and none makes a pod ready.
    private static ContainerStatus Ephemeral(StatusInputs inputs, EphemeralContainer ephemeral, bool initialized)
    {
        var status = Container(inputs, EphemeralContainers.ToContainer(ephemeral), initialized, isInit: false);
        status.Ready = false;
        status.ClearStarted();
        return status;
    }

    private static void Identify(StatusInputs inputs, ContainerStatus status, SeenContainer container)
    {
        status.ContainerID = ContainerId(container);
        status.ImageID = inputs.ShownImages.GetValueOrDefault(container.Row.ImageId, container.Row.ImageId);
        status.RestartCount = container.Row.Attempt;
    }

    private static ContainerStateTerminated Terminated(StatusInputs inputs, SeenContainer container) => new()
    {
        ExitCode = container.Details.ExitCode,
        Reason = Reason(container),
        Message = container.FailedToStart ? container.Details.Error : inputs.LastWords.GetValueOrDefault(container.Id, ""),
        StartedAt = (container.Details.StartedAt ?? container.Row.CreatedAt).ToTime(),
        FinishedAt = container.FinishedAt.ToTime(),
        ContainerID = ContainerId(container),
    };

    private static string Reason(SeenContainer container) =>
        container.Details.OomKilled ? "OOMKilled"
        : container.FailedToStart ? "ContainerCannotRun"
        : container.Details.ExitCode == 0 ? "Completed" : "Error";

    internal static string ContainerId(SeenContainer container) => "docker://" + container.Id;
}

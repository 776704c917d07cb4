using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Probes;
using Cluster.Kubelet.Status;

namespace Cluster.Kubelet.PodWorkers;

/// <content>What is told of the pod: its status, and what its probes find.</content>
internal sealed partial class PodSync
{
    private async Task PublishAsync(PodObservation observed, CancellationToken cancellationToken)
    {
        var ip = PodIP(observed);
        var ending = current.IsTerminating();
        if (!ending && failure is null) probes.Sync(Targets(observed, ip).ToList());
        var shown = new Dictionary<string, string>();
        foreach (var image in observed.Containers.Select(container => container.Row.ImageId).Distinct())
            shown[image] = await node.Images.ShownIdAsync(image, cancellationToken);
        var inputs = new StatusInputs
        {
            Pod = current,
            Observed = observed,
            Waiting = waiting,
            IsReady = (container, id) => !ending && probes.IsReady(container, id),
            IsStarted = probes.IsStarted,
            ShownImages = shown,
            LastWords = await lastWords.ReadAsync(current, observed, cancellationToken),
            PodIP = ip,
            HostIP = node.Options.NodeAddress,
            StartTime = startTime,
            Now = node.Time.GetUtcNow(),
            Failure = failure,
        };
        Status = PodStatusBuilder.Build(inputs);
        writer.Set(Status);
    }

    private IEnumerable<ProbeTarget> Targets(PodObservation observed, string ip) =>
        from container in current.Spec.Containers.Concat(current.Spec.InitContainers.Where(container => container.IsSidecar()))
        let newest = observed.Newest(container.Name)
        where newest is { IsRunning: true }
        let known = current.Status?.ContainerStatuses.FirstOrDefault(status => status.ContainerID == PodStatusBuilder.ContainerId(newest))
        select new ProbeTarget(container, newest.Id, ip, newest.Details.StartedAt ?? newest.Row.CreatedAt)
        {
            WasReady = known?.Ready == true,
            WasStarted = known?.Started == true,
        };

    private string PodIP(PodObservation observed)
    {
        if (observed.RunningSandbox is not { } sandbox) return (Status ?? current.Status)?.PodIP ?? "";
        if (current.Spec.HostNetwork) return node.Options.NodeAddress;
        return sandbox.Row.Address.Length > 0 ? sandbox.Row.Address : sandbox.Details.Address;
    }

    private void ReportProbe(Container container, ProbeKind kind, string output) =>
        node.Events.Warning(current, container, "Unhealthy", $"{kind} probe failed: {output}");
}

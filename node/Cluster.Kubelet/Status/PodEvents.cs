using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.Kubelet.Status;

/// <summary>Says what happened to a pod, or to one of its containers, as Events.</summary>
internal sealed class PodEvents(EventRecorder recorder)
{
    public void Normal(Pod pod, string reason, string message) => recorder.Record(pod, "Normal", reason, message);

    public void Warning(Pod pod, string reason, string message) => recorder.Record(pod, "Warning", reason, message);

    public void Normal(Pod pod, Container container, string reason, string message) =>
        recorder.Record(Reference(pod, container), "Normal", reason, message);

    public void Warning(Pod pod, Container container, string reason, string message) =>
        recorder.Record(Reference(pod, container), "Warning", reason, message);

    private static ObjectReference Reference(Pod pod, Container container)
    {
        var reference = ObjectReferences.To(pod);
        var list = pod.Spec.InitContainers.Contains(container) ? "initContainers"
            : pod.Spec.EphemeralContainers.Any(ephemeral => ephemeral.EphemeralContainerCommon?.Name == container.Name) ? "ephemeralContainers"
            : "containers";
        reference.FieldPath = $"spec.{list}{{{container.Name}}}";
        return reference;
    }
}

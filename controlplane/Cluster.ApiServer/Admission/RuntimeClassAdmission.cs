using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.NodeV1;
using Cluster.Api.Quantities;
using Cluster.Api.Resource;
using Cluster.ApiServer.Kubelets;
using Cluster.ApiServer.WatchCache;
using Google.Protobuf.Collections;

namespace Cluster.ApiServer.Admission;

/// <summary>Gives pods what their runtime class costs and where it can run; a class that does not exist, or a cost it does not have, is refused.</summary>
/// <remarks>Rules and messages are those of Kubernetes' plug-in RuntimeClass.</remarks>
internal sealed class RuntimeClassAdmission(IObjectReader reader) : IAdmissionPlugin
{
    private const string OtherCost = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    public string Name => "RuntimeClass";

    /// <inheritdoc/>
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (PodOf(request) is not { } pod || await ClassOfAsync(pod, cancellationToken) is not { } found)
            return;

        if (found.Overhead is { } overhead)
            SetCost(pod, overhead.PodFixed);
        if (found.Scheduling is { } scheduling)
            SetPlace(pod, scheduling);
    }

    /// <inheritdoc/>
    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (PodOf(request) is not { } pod)
            return;

        // Others may have changed it since.
        if ((await ClassOfAsync(pod, cancellationToken))?.Overhead is { } overhead)
        {
            if (!IsSame(pod.Spec.Overhead, overhead.PodFixed))
                throw Refused(pod, OtherCost);
        }
        else if (pod.Spec.Overhead.Count > 0)
        {
            throw Refused(pod, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        }
    }

    private static Pod? PodOf(AdmissionRequest request) =>
        request is { Operation: AdmissionOperation.Create, Scope.Subresource: null, Object: Pod { Spec: not null } pod } && request.Scope.Resource == Pods ? pod : null;

    private async ValueTask<RuntimeClass?> ClassOfAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (!pod.Spec.HasRuntimeClassName)
            return null;

        // The cache may still miss a class that was just made.
        return await reader.FindAsync<RuntimeClass>(null, pod.Spec.RuntimeClassName, cancellationToken)
            ?? throw Refused(pod, $"pod rejected: RuntimeClass {GoText.Quote(pod.Spec.RuntimeClassName)} not found");
    }

    private static void SetCost(Pod pod, MapField<string, Quantity> cost)
    {
        if (pod.Spec.Overhead.Count > 0 && !IsSame(pod.Spec.Overhead, cost))
            throw Refused(pod, OtherCost);

        pod.Spec.Overhead.Clear();
        pod.Spec.Overhead.Add(cost.Clone());
    }

    private static void SetPlace(Pod pod, Scheduling scheduling)
    {
        foreach (var (key, wanted) in scheduling.NodeSelector)
        {
            if (pod.Spec.NodeSelector.TryGetValue(key, out var given) && given != wanted)
                throw Refused(pod, $"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted}; pod.spec.nodeSelector[{key}] = {given}");
            pod.Spec.NodeSelector[key] = wanted;
        }

        var merged = TolerationCover.Merge([.. pod.Spec.Tolerations, .. scheduling.Tolerations.Select(one => one.Clone())]);
        pod.Spec.Tolerations.Clear();
        pod.Spec.Tolerations.Add(merged);
    }

    private static bool IsSame(MapField<string, Quantity> one, MapField<string, Quantity> other) =>
        one.Count == other.Count && one.All(amount => other.TryGetValue(amount.Key, out var wanted)
            && QuantityValue.TryParse(amount.Value.String, out var a) && QuantityValue.TryParse(wanted.String, out var b) && a == b);

    private static StatusException Refused(Pod pod, string why) => StatusErrors.Forbidden(Pods, pod.Metadata.Name, why);
}

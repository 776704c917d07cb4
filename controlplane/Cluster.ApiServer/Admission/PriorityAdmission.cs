using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.SchedulingV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>Gives pods the priority of their class or of the cluster's default class: nobody chooses the number itself.</summary>
/// <remarks>Rules and messages are those of Kubernetes' plug-in of the same name.</remarks>
internal sealed class PriorityAdmission(IObjectReader reader) : IAdmissionPlugin
{
    private const string Preempting = "PreemptLowerPriority";

    /// <summary>Pods of the cluster itself have them: without a class they would be refused.</summary>
    private static readonly string[] SystemClasses = ["system-node-critical", "system-cluster-critical"];

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();
    private static readonly ResourceType Classes = ResourceCatalog.For<PriorityClass>();

    public string Name => "Priority";

    /// <inheritdoc/>
    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Scope.Resource != Pods || request.Scope.Subresource is not null || request.Object is not Pod { Spec: { } spec } pod)
            return ValueTask.CompletedTask;
        if (request.Operation == AdmissionOperation.Create)
            return ResolveAsync(pod, spec, cancellationToken);
        if (request is { Operation: AdmissionOperation.Update, OldObject: Pod { Spec: { } before } })
            Keep(spec, before);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Scope.Resource == Classes && request is { Operation: AdmissionOperation.Delete, OldObject: PriorityClass gone } && SystemClasses.Contains(gone.Metadata.Name))
            throw StatusErrors.Forbidden(Classes, gone.Metadata.Name, "this is a system priority class and cannot be deleted");
        if (request.Scope.Resource == Classes && request.Object is PriorityClass { GlobalDefault: true } now && Default() is { } other
            && (request.Operation == AdmissionOperation.Create || other.Metadata.Name != now.Metadata.Name))
        {
            throw StatusErrors.Forbidden(
                Classes, now.Metadata.Name, $"PriorityClass {other.Metadata.Name} is already marked as default. Only one default can exist");
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>What a client of an older version does not know stays as it is.</summary>
    private static void Keep(PodSpec spec, PodSpec before)
    {
        if (!spec.HasPriority && before.HasPriority)
            spec.Priority = before.Priority;
        if (!spec.HasPreemptionPolicy && before.HasPreemptionPolicy)
            spec.PreemptionPolicy = before.PreemptionPolicy;
    }

    private async ValueTask ResolveAsync(Pod pod, PodSpec spec, CancellationToken cancellationToken)
    {
        var found = spec.PriorityClassName.Length == 0 ? Default() : await FindAsync(pod, spec.PriorityClassName, cancellationToken);
        var priority = found?.Value ?? 0;
        if (spec.HasPriority && spec.Priority != priority)
        {
            throw StatusErrors.Forbidden(
                Pods, pod.Metadata.Name,
                $"the integer value of priority ({spec.Priority}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name");
        }

        var policy = found is { HasPreemptionPolicy: true } ? found.PreemptionPolicy : Preempting;
        if (spec.HasPreemptionPolicy && spec.PreemptionPolicy != policy)
        {
            throw StatusErrors.Forbidden(
                Pods, pod.Metadata.Name,
                $"the string value of PreemptionPolicy ({spec.PreemptionPolicy}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name");
        }

        spec.PriorityClassName = found?.Metadata.Name ?? "";
        (spec.Priority, spec.PreemptionPolicy) = (priority, policy);
    }

    private async ValueTask<PriorityClass> FindAsync(Pod pod, string name, CancellationToken cancellationToken)
    {
        // The cache may still miss a class that was just made.
        var found = reader.Find(Classes, null, name) ?? await reader.FindFreshAsync(Classes, null, name, cancellationToken);
        return found as PriorityClass ?? throw StatusErrors.Forbidden(Pods, pod.Metadata.Name, $"no PriorityClass with name {name} was found");
    }

    /// <summary>The class of pods that name none, or null. Two servers may each have let one pass: the lower one counts.</summary>
    private PriorityClass? Default() =>
        reader.Snapshot(Classes).Range("").Select(version => (PriorityClass)version.Object).Where(one => one.GlobalDefault).MinBy(one => one.Value);
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>Holds the pods of a namespace to the pod security standards that its labels name.</summary>
/// <remarks>
/// Labels, rules and messages are those of Kubernetes' plug-in PodSecurity (https://kubernetes.io/docs/concepts/security/pod-security-admission/). Where a namespace has no such label,
/// a pod costs a look at its labels. Of workloads the templates are looked at for warnings and the audit log; only their pods are refused.
/// </remarks>
internal sealed class PodSecurityAdmission(IObjectReader reader, TimeProvider time) : IAdmissionPlugin
{
    private const string EnforcePolicy = PodSecurityLabels.Prefix + "enforce-policy";

    private static readonly ResourceType Namespaces = ResourceCatalog.For<Namespace>();
    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();

    /// <summary>Parts that cannot change what a pod may do. Any other one is looked at.</summary>
    private static readonly HashSet<string> HarmlessParts = ["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];

    // Said of each pod of a namespace without labels, so it is put together once.
    private static readonly string Unrestricted = PodSecurityPolicy.Privileged.ToString();

    private readonly ExistingPods _existing = new(reader, time);

    public string Name => "PodSecurity";

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation is not (AdmissionOperation.Create or AdmissionOperation.Update))
            return ValueTask.CompletedTask;
        switch (request.Object)
        {
            case Namespace ns when request.Scope is { Subresource: null } scope && scope.Resource == Namespaces:
                CheckLabels(request, ns);
                return ValueTask.CompletedTask;
            case Pod { Spec: not null } pod when request.Scope.Resource == Pods && !HarmlessParts.Contains(request.Scope.Subresource ?? ""):
                return CheckAsync(request, new PodSubject(pod.Metadata, pod.Spec), cancellationToken);
            default:
                return request.Scope.Subresource is null && PodTemplates.Of(request.Object) is { Spec: not null } template
                    ? CheckAsync(request, new PodSubject(template.Metadata, template.Spec), cancellationToken) : ValueTask.CompletedTask;
        }
    }

    private void CheckLabels(AdmissionRequest request, Namespace ns)
    {
        var labels = PodSecurityLabels.Of(ns.Metadata.Labels);
        var before = PodSecurityLabels.Of(request.OldObject?.Metadata.Labels);
        // One that was wrong already does not keep its namespace from being changed.
        if (labels.Errors.Count > 0 && !labels.Errors.SequenceEqual(before.Errors))
            throw StatusErrors.Invalid(Namespaces, ns.Metadata.Name, labels.Errors);

        var isRelaxed = labels.Enforce.Minor == before.Enforce.Minor && labels.Enforce.Level <= before.Enforce.Level;
        if (request.Operation == AdmissionOperation.Update && labels.Enforce.Level > PodSecurityLevel.Privileged && !isRelaxed)
            request.Scope.Warnings.AddRange(_existing.Warnings(ns.Metadata.Name, labels.Enforce));
    }

    private async ValueTask CheckAsync(AdmissionRequest request, PodSubject subject, CancellationToken cancellationToken)
    {
        var ns = request.Scope.Namespace ?? "";
        // The cache may be a moment behind the namespace's own create.
        var found = reader.Find(Namespaces, null, ns) ?? await reader.FindFreshAsync(Namespaces, null, ns, cancellationToken);
        if (found is null)
            throw StatusErrors.InternalError($"failed to lookup namespace {GoText.Quote(ns)}");

        var labels = PodSecurityLabels.Of(found.Metadata.Labels);
        var isPod = request.Object is Pod;
        if (isPod ? labels.IsPrivileged : labels.AsksNothingOfTemplates)
        {
            if (isPod)
                request.Annotate(EnforcePolicy, Unrestricted);
        }
        else if (request is not { Object: Pod pod, OldObject: Pod { Spec: { } before } } || PodChange.Matters(pod.Spec, before))
        {
            Evaluate(request, labels, subject, isPod);
        }
    }

    private static void Evaluate(AdmissionRequest request, PodSecurityLabels labels, PodSubject subject, bool isPod)
    {
        if (labels.Errors.Count > 0)
            request.Annotate(PodSecurityLabels.Prefix + "error", $"Failed to parse policy: {string.Join(", ", labels.Errors.Select(error => error.Message))}");
        if (isPod)
            request.Annotate(EnforcePolicy, labels.Enforce.ToString());
        var noted = PodSecurityStandards.Violations(labels.Audit, subject);
        if (noted.Count > 0)
            request.Annotate(PodSecurityLabels.Prefix + "audit-violations", Would(labels.Audit, noted));
        var violations = labels.Enforce == labels.Audit ? noted : PodSecurityStandards.Violations(labels.Enforce, subject);
        if (isPod && violations.Count > 0)
        {
            throw StatusErrors.Forbidden(
                Pods, request.Object!.Metadata.Name, $"violates PodSecurity {GoText.Quote(labels.Enforce.ToString())}: {Violation.Details(violations)}");
        }

        // What is refused needs no warning beside it.
        var warned = labels.Warn == labels.Enforce ? violations : PodSecurityStandards.Violations(labels.Warn, subject);
        if (warned.Count > 0)
            request.Scope.Warnings.Add(Would(labels.Warn, warned));
    }

    private static string Would(PodSecurityPolicy policy, IReadOnlyList<Violation> violations) =>
        $"would violate PodSecurity {GoText.Quote(policy.ToString())}: {Violation.Details(violations)}";
}

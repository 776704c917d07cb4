using System.Globalization;
using Cluster.Api;
using Cluster.Api.Conversion;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.PolicyV1;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary><c>pods/eviction</c>: deletes a pod if its disruption budget allows, and takes that from the budget.</summary>
/// <remarks>
/// The budget is taken by a conditional write of its status, so of any number of evictions at once, through any number of servers, no more
/// succeed than it allows. What the budget allows is what the disruption controller wrote there last.
/// </remarks>
internal sealed class PodEvictor(RegistryContext context, ReadPath reads, UpdatePath updates, DeletePath deletes) : IPostedKind
{
    private const string Refused = "Cannot evict pod as it would violate the pod's disruption budget.";
    private const int MaxUnconfirmed = 2000;
    private const int RetrySeconds = 10;

    private static readonly ResourceType Pods = ResourceCatalog.For<Pod>();
    private static readonly ResourceType Budgets = ResourceCatalog.For<PodDisruptionBudget>();

    public string Target => "pods/eviction";

    /// <inheritdoc/>
    public async ValueTask<EncodedMessage> PostAsync(RequestScope scope, IApiObject obj, CancellationToken cancellationToken)
    {
        var eviction = (Eviction)Conversions.ToStored(obj, Eviction.Descriptor);
        if (eviction.Metadata is { Name.Length: > 0 } metadata && metadata.Name != scope.Name)
            throw StatusErrors.BadRequest("name in URL does not match name in Eviction object");

        var pods = scope with { Resource = Pods, Subresource = null };
        var pod = (Pod)(await reads.GetAsync(pods, "", cancellationToken)).Object;
        var options = eviction.DeleteOptions?.Clone() ?? new DeleteOptions();
        var dryRun = scope.DryRun || options.DryRun.Count > 0;
        pods = pods with { DryRun = dryRun };
        // Who may not delete the pod, or means another one, takes nothing from its budget.
        DeletePath.CheckPreconditions(pods, options, pod);
        await AdmitAsync(pods, pod, options, cancellationToken);
        if (!IsFree(pod))
            await TakeFromBudgetAsync(scope with { DryRun = dryRun }, pod, cancellationToken);

        options.Preconditions ??= new();
        // The budget was asked for this pod, and for no other one that came to have its name.
        options.Preconditions.Uid = pod.Metadata.Uid;
        // The state that was asked for is the one before our own mark.
        if (await MarkAsync(pods, pod, options, cancellationToken) is { } marked && options.Preconditions.HasResourceVersion)
            options.Preconditions.ResourceVersion = marked;
        await deletes.DeleteAsync(pods, options, cancellationToken);
        return new EncodedMessage(new Status { Status_ = "Success", Code = 201 }, "v1", "Status");
    }

    /// <summary>Says on the pod why it goes: jobs need not count that as a failure.</summary>
    /// <returns>The pod's version after it; null: it has none.</returns>
    private async ValueTask<string?> MarkAsync(RequestScope pods, Pod evicted, DeleteOptions options, CancellationToken cancellationToken)
    {
        if (pods.DryRun || evicted.Metadata.DeletionTimestamp is not null || evicted.IsTerminal())
            return null;
        var condition = new PodCondition
        {
            Type = "DisruptionTarget", Status = "True", Reason = "EvictionByEvictionAPI", Message = "Eviction API: evicting",
            LastTransitionTime = SystemMetadata.Now(context.Time),
        };
        var status = pods with { User = UserIdentity.ApiServer, Subresource = "status" };
        var version = await updates.UpdateAsync(
            status,
            current =>
            {
                // The state that was asked for is the one that is marked.
                DeletePath.CheckPreconditions(pods, options, current);
                return With(condition, (Pod)current);
            },
            ownersAreSet: true,
            cancellationToken);
        return version?.Revision.ToString(CultureInfo.InvariantCulture);
    }

    private static Pod With(PodCondition condition, Pod current)
    {
        var pod = current.Clone();
        (pod.Status ??= new PodStatus()).SetCondition(condition);
        return pod;
    }

    private async ValueTask AdmitAsync(RequestScope pods, Pod pod, DeleteOptions options, CancellationToken cancellationToken)
    {
        var request = new AdmissionRequest { Scope = pods, Operation = AdmissionOperation.Delete, OldObject = pod, DeleteOptions = options };
        await context.Admission.AdmitAsync(request, cancellationToken);
        await context.Admission.ValidateAsync(request, cancellationToken);
    }

    /// <summary>Nothing is lost with a pod that has ended, has not begun, or is on its way out already.</summary>
    private static bool IsFree(Pod pod) =>
        pod.Metadata.DeletionTimestamp is not null || pod.IsTerminal() || pod.Status?.Phase is "Pending" or "" or null;

    private async ValueTask TakeFromBudgetAsync(RequestScope scope, Pod pod, CancellationToken cancellationToken)
    {
        await context.Caches.WaitFreshAsync(cancellationToken);
        var budgets = context.Caches[Budgets].State.Objects.Range($"{Budgets.StoragePrefix}{scope.Namespace}/")
            .Select(version => (PodDisruptionBudget)version.Object).Where(budget => Covers(budget, pod)).ToList();
        if (budgets.Count == 0)
            return;

        if (budgets.Count > 1)
        {
            throw new StatusException(new Status
            {
                Status_ = "Failure", Code = 500,
                Message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            });
        }

        if (!pod.IsReady() && IsSpare(budgets[0]))
            return;

        var budget = new RequestScope
        {
            Resource = Budgets, User = UserIdentity.ApiServer, Namespace = scope.Namespace, Name = budgets[0].Metadata.Name,
            Subresource = "status", DryRun = scope.DryRun,
        };
        await updates.UpdateAsync(budget, current => Take((PodDisruptionBudget)current, pod), ownersAreSet: true, cancellationToken);
    }

    private static bool Covers(PodDisruptionBudget budget, Pod pod) =>
        budget.Spec?.Selector is { } selector && Api.Selectors.LabelSelector.From(selector).Matches(pod.Metadata.Labels);

    /// <summary>A pod that is not ready counts for nothing: it may go where the budget says so, or where the others suffice.</summary>
    private static bool IsSpare(PodDisruptionBudget budget)
    {
        if (budget.Spec is { UnhealthyPodEvictionPolicy: "AlwaysAllow" })
            return true;

        var status = budget.Status ?? new PodDisruptionBudgetStatus();
        return status.DesiredHealthy > 0 && status.CurrentHealthy >= status.DesiredHealthy;
    }

    private PodDisruptionBudget Take(PodDisruptionBudget current, Pod pod)
    {
        var budget = current.Clone();
        var (name, status) = (budget.Metadata.Name, budget.Status ??= new PodDisruptionBudgetStatus());
        if (status.ObservedGeneration < budget.Metadata.Generation)
            throw TooMany($"The disruption budget {name} is still being processed by the server.", RetrySeconds);
        if (status.DisruptionsAllowed < 0)
            throw StatusErrors.Forbidden("", "poddisruptionbudget", name, "pdb disruptions allowed is negative");
        if (status.DisruptedPods.Count > MaxUnconfirmed)
        {
            throw StatusErrors.Forbidden(
                "", "poddisruptionbudget", name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        }

        if (status.DisruptionsAllowed == 0)
            throw TooMany($"The disruption budget {name} needs {status.DesiredHealthy} healthy pods and has {status.CurrentHealthy} currently", 0);

        status.DisruptionsAllowed--;
        status.DisruptedPods[pod.Metadata.Name] = SystemMetadata.Now(context.Time);
        return budget;
    }

    private static StatusException TooMany(string why, int retryAfterSeconds)
    {
        var failure = StatusErrors.TooManyRequests(Refused, retryAfterSeconds);
        failure.Status.Details.Causes.Add(new StatusCause { Reason = "DisruptionBudget", Message = why });
        return failure;
    }
}

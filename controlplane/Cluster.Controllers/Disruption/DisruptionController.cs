using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.PolicyV1;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Disruption;

/// <summary>Says in each PodDisruptionBudget's status how many of its pods may be evicted now.</summary>
/// <remarks>
/// Whoever evicts takes from that number by a conditional write; so does this controller, which therefore never gives back what was taken meanwhile.
/// </remarks>
internal sealed class DisruptionController : IController
{
    private const string ByNamespace = "namespace";

    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private Informer<PodDisruptionBudget> _budgets = null!;
    private Informer<Pod> _pods = null!;
    private PodScales _scales = null!;

    public DisruptionController(ControllerContext context)
    {
        _context = context;
        _events = context.Events("controllermanager");
    }

    public string Name => "disruption";

    public void Watch(ControllerWatches watches)
    {
        _budgets = watches.Own<PodDisruptionBudget>();
        _pods = watches.On<Pod>((old, current) => AddCovering(watches, old, current));
        _scales = new(
            watches.On<Deployment>((old, current) => AddAll(watches, old, current, set => set.Spec.Replicas)),
            watches.On<ReplicaSet>((old, current) => AddAll(watches, old, current, set => set.Spec.Replicas)),
            watches.On<StatefulSet>((old, current) => AddAll(watches, old, current, set => set.Spec.Replicas)),
            watches.On<ReplicationController>((old, current) => AddAll(watches, old, current, set => set.Spec.Replicas)));
        _pods.AddIndex(ByNamespace, pod => [pod.Metadata.Namespace]);
        _budgets.AddIndex(ByNamespace, budget => [budget.Metadata.Namespace]);
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_budgets.Get(key) is not { } budget)
        {
            return null;
        }

        var selector = LabelSelector.From(budget.Spec?.Selector);
        var pods = _pods.ByIndex(ByNamespace, key.Namespace).Where(pod => selector.Matches(pod.Metadata.Labels) && !pod.IsTerminal()).ToList();
        if (pods.Count == 0)
        {
            _events.Record(budget, "Normal", "NoPods", "No matching pods found");
        }

        var count = BudgetCount.Of(budget, pods, _scales, _context.Now);
        foreach (var (reason, message) in count.Warnings)
        {
            _events.Record(budget, "Warning", reason, message);
        }

        var updated = budget.Clone();
        updated.Status = count.Status;
        if (!Same.Meaning(budget.Status, updated.Status))
        {
            await _context.Client.UpdateStatusAsync(updated, cancellationToken);
        }

        return count.NextLook;
    }

    private void AddCovering(ControllerWatches watches, Pod? old, Pod? current)
    {
        foreach (var budget in _budgets.ByIndex(ByNamespace, (current ?? old)!.Metadata.Namespace))
        {
            var selector = LabelSelector.From(budget.Spec?.Selector);
            if ((old is not null && selector.Matches(old.Metadata.Labels)) || (current is not null && selector.Matches(current.Metadata.Labels)))
            {
                watches.Add(ObjectKey.Of(budget));
            }
        }
    }

    private void AddAll<T>(ControllerWatches watches, T? old, T? current, Func<T, int> replicas)
        where T : class, IApiObject
    {
        if (old is not null && current is not null && replicas(old) == replicas(current))
        {
            return;
        }

        foreach (var budget in _budgets.ByIndex(ByNamespace, (current ?? old)!.Metadata.Namespace))
        {
            watches.Add(ObjectKey.Of(budget));
        }
    }
}

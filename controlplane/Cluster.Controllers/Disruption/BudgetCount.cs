using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.PolicyV1;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Disruption;

/// <summary>What a budget's pods come to at one moment.</summary>
internal sealed class BudgetCount
{
    /// <summary>An evicted pod that is still there after this time was not deleted, for whatever reason.</summary>
    private static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    private readonly PodDisruptionBudget _budget;
    private readonly IReadOnlyList<Pod> _pods;
    private readonly PodScales _scales;
    private readonly DateTimeOffset _now;

    private BudgetCount(PodDisruptionBudget budget, IReadOnlyList<Pod> pods, PodScales scales, DateTimeOffset now) =>
        (_budget, _pods, _scales, _now) = (budget, pods, scales, now);

    public PodDisruptionBudgetStatus Status { get; private set; } = null!;

    /// <summary>Reasons and messages of events.</summary>
    public List<(string Reason, string Message)> Warnings { get; } = [];

    /// <summary>When an eviction that is not confirmed stops counting; null: there is none.</summary>
    public TimeSpan? NextLook { get; private set; }

    public static BudgetCount Of(PodDisruptionBudget budget, IReadOnlyList<Pod> pods, PodScales scales, DateTimeOffset now)
    {
        var count = new BudgetCount(budget, pods, scales, now);
        count.Run();
        return count;
    }

    private void Run()
    {
        var status = Status = _budget.Status?.Clone() ?? new();
        KeepDisrupted(status);
        if (Expected(out var desired) is not { } expected)
        {
            // Not knowing better, none: it is the safe answer.
            status.DisruptionsAllowed = 0;
            SetCondition("SyncFailed", Warnings[^1].Message);
            return;
        }

        status.ExpectedPods = expected;
        status.DesiredHealthy = desired;
        status.CurrentHealthy = _pods.Count(pod => pod.Metadata.DeletionTimestamp is null && !status.DisruptedPods.ContainsKey(pod.Metadata.Name) && pod.IsReady());
        status.DisruptionsAllowed = expected <= 0 ? 0 : Math.Max(0, status.CurrentHealthy - desired);
        status.ObservedGeneration = _budget.Metadata.Generation;
        SetCondition(status.DisruptionsAllowed > 0 ? "SufficientPods" : "InsufficientPods", "");
    }

    /// <summary>Evictions whose pods are not yet being deleted stay noted for a while.</summary>
    private void KeepDisrupted(PodDisruptionBudgetStatus status)
    {
        var noted = status.DisruptedPods.ToList();
        status.DisruptedPods.Clear();
        foreach (var (name, time) in noted)
        {
            var left = time.ToDateTimeOffset() + DeletionTimeout - _now;
            if (left > TimeSpan.Zero && _pods.Any(pod => pod.Metadata.Name == name && pod.Metadata.DeletionTimestamp is null))
            {
                status.DisruptedPods[name] = time;
                NextLook = NextLook < left ? NextLook : left;
            }
        }
    }

    /// <summary>How many pods there are to be; null: it cannot be told, and the last warning says why.</summary>
    /// <param name="desired">How many of them must be healthy.</param>
    private int? Expected(out int desired)
    {
        desired = 0;
        if (_budget.Spec?.MaxUnavailable is { } unavailable)
        {
            var scale = Scale();
            desired = scale is { } all ? Math.Max(0, all - Amounts.Resolve(unavailable, all, 0, up: true)) : 0;
            return scale;
        }

        if (_budget.Spec?.MinAvailable is not { } available)
        {
            return 0;
        }

        var expected = available.IsInt() ? _pods.Count : Scale();
        desired = Amounts.Resolve(available, expected ?? 0, 0, up: true);
        return expected;
    }

    /// <summary>The sum of what the pods' controllers are to have.</summary>
    private int? Scale()
    {
        Dictionary<string, int> scales = [];
        if (_pods.Any(pod => OwnerReferences.ControllerOf(pod) is null))
        {
            Warnings.Add(("UnmanagedPods",
                "Pods selected by this PodDisruptionBudget were found to be unmanaged: they are not counted. To account for them set \".spec.minAvailable\" to an integer value."));
        }

        foreach (var pod in _pods.Where(pod => OwnerReferences.ControllerOf(pod) is not null))
        {
            if (_scales.Of(pod) is not { } scale)
            {
                Warnings.Add(("CalculateExpectedPodCountFailed", $"Failed to calculate the number of expected pods: found no controllers for pod \"{pod.Metadata.Name}\""));
                return null;
            }

            scales[scale.Uid] = scale.Replicas;
        }

        return (int)Math.Min(int.MaxValue, scales.Values.Sum(replicas => (long)replicas));
    }

    private void SetCondition(string reason, string message)
    {
        const string type = "DisruptionAllowed";
        var word = reason == "SufficientPods" ? "True" : "False";
        var old = Status.Conditions.FirstOrDefault(condition => condition.Type == type);
        if (old is not null)
        {
            Status.Conditions.Remove(old);
        }

        Status.Conditions.Add(new Condition
        {
            Type = type, Status = word, Reason = reason, Message = message, ObservedGeneration = Status.ObservedGeneration,
            LastTransitionTime = old is not null && old.Status == word ? old.LastTransitionTime : _now.ToTime(),
        });
    }
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Namespaces;

/// <summary>Tells in a namespace's conditions what its deletion waits for.</summary>
internal static class NamespaceConditions
{
    public static async Task WriteAsync(ControllerContext context, Namespace ns, NamespaceContent left, CancellationToken cancellationToken)
    {
        var updated = ns.Clone();
        var status = updated.Status ??= new();
        SetFailures(status, left, context.Now);
        var kinds = string.Join(", ", left.Kinds.Select(kind => $"{kind.Key} has {kind.Value} resource instances"));
        if (left.Kinds.Count > 0)
        {
            Set(status, "NamespaceContentRemaining", "SomeResourcesRemain", $"Some resources are remaining: {kinds}", context.Now);
        }

        if (left.Finalizers.Count > 0)
        {
            var finalizers = string.Join(", ", left.Finalizers.Select(one => $"{one.Key} in {one.Value} resource instances"));
            Set(status, "NamespaceFinalizersRemaining", "SomeFinalizersRemain", $"Some content in the namespace has finalizers remaining: {finalizers}", context.Now);
        }

        if (Same.Meaning(updated, ns))
        {
            return;
        }

        try
        {
            await context.Client.UpdateStatusAsync(updated, cancellationToken);
        }
        catch (StatusException e) when (e.IsConflict || e.IsNotFound)
        {
            // Only a notice: the next round writes it.
        }
    }

    private static void SetFailures(NamespaceStatus status, NamespaceContent left, DateTimeOffset now)
    {
        const string type = "NamespaceDeletionContentFailure";
        if (left.Failures.Count > 0)
        {
            var reasons = string.Join(", ", left.Failures.Select(failure => failure.Message).Distinct().Take(10));
            Set(status, type, "ContentDeletionFailed", $"Failed to delete all resource types, {left.Failures.Count} remaining: {reasons}", now);
        }
        else if (status.Conditions.FirstOrDefault(condition => condition.Type == type) is { } past)
        {
            status.Conditions.Remove(past);
        }
    }

    private static void Set(NamespaceStatus status, string type, string reason, string message, DateTimeOffset now)
    {
        var old = status.Conditions.FirstOrDefault(condition => condition.Type == type);
        if (old?.Message == message)
        {
            return;
        }

        if (old is not null)
        {
            status.Conditions.Remove(old);
        }

        status.Conditions.Add(new NamespaceCondition
        {
            Type = type, Status = "True", Reason = reason, Message = message, LastTransitionTime = old?.LastTransitionTime ?? now.ToTime(),
        });
    }
}

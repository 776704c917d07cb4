using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Jobs;

/// <summary>What a job's podFailurePolicy makes of a failed pod: the first rule that fits counts.</summary>
internal static class FailurePolicy
{
    public const string FailJob = "FailJob";
    public const string FailIndex = "FailIndex";
    public const string Ignore = "Ignore";

    /// <summary>What is done about the pod; null: no rule is about it, and it counts as any failure does.</summary>
    /// <param name="Action">The rule's action.</param>
    /// <param name="Message">Why, in Kubernetes' words.</param>
    public sealed record Verdict(string Action, string Message);

    public static Verdict? Of(Job job, Pod pod)
    {
        var rules = job.Spec.PodFailurePolicy?.Rules;
        for (var i = 0; i < rules?.Count; i++)
        {
            if (Reason(rules[i], pod) is { } reason)
            {
                return new(rules[i].Action, $"{reason} matching {rules[i].Action} rule at index {i}");
            }
        }

        return null;
    }

    public static bool Counts(Job job, Pod pod) => Of(job, pod)?.Action != Ignore;

    private static string? Reason(PodFailurePolicyRule rule, Pod pod)
    {
        var name = $"{pod.Metadata.Namespace}/{pod.Metadata.Name}";
        if (rule.OnExitCodes is { } codes)
        {
            return Container(codes, pod) is { } container
                ? $"Container {container.Name} for pod {name} failed with exit code {container.State.Terminated.ExitCode}" : null;
        }

        return (pod.Status?.Conditions ?? []).FirstOrDefault(condition =>
            rule.OnPodConditions.Any(pattern => pattern.Type == condition.Type && pattern.Status == condition.Status)) is { } met
            ? $"Pod {name} has condition {met.Type}" : null;
    }

    private static ContainerStatus? Container(PodFailurePolicyOnExitCodesRequirement codes, Pod pod) =>
        (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? []).FirstOrDefault(container =>
            (!codes.HasContainerName || container.Name == codes.ContainerName)
            && container.State?.Terminated is { ExitCode: not 0 } end
            && codes.Values.Contains(end.ExitCode) == (codes.Operator == "In"));
}

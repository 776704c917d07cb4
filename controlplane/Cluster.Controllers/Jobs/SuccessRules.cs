using Cluster.Api.BatchV1;

namespace Cluster.Controllers.Jobs;

/// <summary>Which indexes are enough for an indexed job to have succeeded.</summary>
internal static class SuccessRules
{
    /// <summary>The first rule that is met, or null.</summary>
    public static int? Met(Job job, IReadOnlySet<int> succeeded)
    {
        var rules = job.Spec.SuccessPolicy?.Rules;
        for (var i = 0; i < rules?.Count; i++)
        {
            if (IsMet(rules[i], job.Spec.Completions, succeeded))
            {
                return i;
            }
        }

        return null;
    }

    private static bool IsMet(SuccessPolicyRule rule, int completions, IReadOnlySet<int> succeeded)
    {
        if (!rule.HasSucceededIndexes)
        {
            return rule.HasSucceededCount && succeeded.Count >= rule.SucceededCount;
        }

        var wanted = CompletionIndexes.Parse(rule.SucceededIndexes, completions);
        var met = wanted.Count(succeeded.Contains);
        return met == wanted.Count || (rule.HasSucceededCount && met >= rule.SucceededCount);
    }
}

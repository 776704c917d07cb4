using Cluster.Api.BatchV1;
using Cluster.Api.Indexes;

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

        if (Wanted(rule, completions) is not { Count: > 0 } wanted)
        {
            return false;
        }

        var met = succeeded.Count(wanted.Contains);
        return met == wanted.Count || (rule.HasSucceededCount && met >= rule.SucceededCount);
    }

    /// <summary>Null where a job that was stored before there was a rule about it says what can't be read.</summary>
    private static IndexRanges? Wanted(SuccessPolicyRule rule, int completions)
    {
        try
        {
            return IndexRanges.Parse(rule.SucceededIndexes, completions);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

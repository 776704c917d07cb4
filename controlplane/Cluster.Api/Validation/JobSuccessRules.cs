using Cluster.Api.BatchV1;
using Cluster.Api.Indexes;

namespace Cluster.Api.Validation;

/// <summary>Which indexes are enough for an indexed job to have succeeded.</summary>
internal static class JobSuccessRules
{
    private const int MaxRules = 20;
    private const int MaxIndexesBytes = 64 * 1024;

    public static void Check(SuccessPolicy policy, int completions, FieldPath path, FieldErrors errors)
    {
        if (policy.Rules.Count == 0)
        {
            errors.Required(path.Child("rules"), "at least one rules must be specified when the successPolicy is specified");
        }
        if (policy.Rules.Count > MaxRules)
        {
            errors.TooMany(path.Child("rules"), policy.Rules.Count, MaxRules);
        }
        for (var i = 0; i < policy.Rules.Count; i++)
        {
            Rule(policy.Rules[i], completions, path.Child("rules").Index(i), errors);
        }
    }

    private static void Rule(SuccessPolicyRule rule, int completions, FieldPath path, FieldErrors errors)
    {
        if (!rule.HasSucceededCount && !rule.HasSucceededIndexes)
        {
            errors.Required(path, "at least one of succeededCount or succeededIndexes must be specified");
        }
        long? indexes = rule.HasSucceededIndexes ? Indexes(rule.SucceededIndexes, completions, path.Child("succeededIndexes"), errors) : null;
        if (!rule.HasSucceededCount)
        {
            return;
        }
        var count = path.Child("succeededCount");
        errors.NotNegative(count, rule.SucceededCount);
        if (rule.SucceededCount > completions)
        {
            errors.Invalid(count, rule.SucceededCount, $"must be less than or equal to {completions} (the number of specified completions)");
        }
        if (rule.SucceededCount > indexes)
        {
            errors.Invalid(count, rule.SucceededCount, $"must be less than or equal to {indexes} (the number of indexes in the specified succeededIndexes field)");
        }
    }

    /// <summary>How many there are; none where they can't be read.</summary>
    private static long Indexes(string text, int completions, FieldPath path, FieldErrors errors)
    {
        if (text.Length > MaxIndexesBytes)
        {
            errors.TooLong(path, MaxIndexesBytes);
        }
        try
        {
            return IndexRanges.Parse(text, completions).Count;
        }
        catch (FormatException e)
        {
            errors.Invalid(path, text, $"error parsing succeededIndexes: {e.Message}");
            return 0;
        }
    }
}

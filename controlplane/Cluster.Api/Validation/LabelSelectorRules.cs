using Cluster.Api.MetaV1;

namespace Cluster.Api.Validation;

/// <summary>A label selector in an object.</summary>
internal static class LabelSelectorRules
{
    internal const string BadOperator = "not a valid selector operator";
    internal const string NeedsValues = "must be specified when `operator` is 'In' or 'NotIn'";
    internal const string TakesNoValues = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";

    public static void Check(LabelSelector? selector, FieldPath path, FieldErrors errors)
    {
        if (selector is null)
        {
            return;
        }
        ObjectMetaRules.Labels(selector.MatchLabels, path.Child("matchLabels"), errors);
        for (var i = 0; i < selector.MatchExpressions.Count; i++)
        {
            Requirement(selector.MatchExpressions[i], path.Child("matchExpressions").Index(i), errors);
        }
    }

    private static void Requirement(LabelSelectorRequirement requirement, FieldPath path, FieldErrors errors)
    {
        switch (requirement.Operator)
        {
            case "In" or "NotIn" when requirement.Values.Count == 0:
                errors.Required(path.Child("values"), NeedsValues);
                break;
            case "Exists" or "DoesNotExist" when requirement.Values.Count > 0:
                errors.Forbidden(path.Child("values"), TakesNoValues);
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
                break;
            default:
                errors.Invalid(path.Child("operator"), requirement.Operator, BadOperator);
                break;
        }
        errors.Format(path.Child("key"), requirement.Key, NameFormats.QualifiedName);
        for (var i = 0; i < requirement.Values.Count; i++)
        {
            errors.Format(path.Child("values").Index(i), requirement.Values[i], NameFormats.LabelValue);
        }
    }
}

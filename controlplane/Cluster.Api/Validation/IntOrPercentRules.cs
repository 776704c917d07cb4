using System.Globalization;
using Cluster.Api.IntStr;

namespace Cluster.Api.Validation;

/// <summary>A number of pods, told as one or as a share of all.</summary>
internal static class IntOrPercentRules
{
    /// <summary>Not negative, or a percentage.</summary>
    public static void Check(IntOrString? value, FieldPath path, FieldErrors errors)
    {
        if (value is { Type: 1 })
        {
            errors.Invalid(path, value, NameFormats.Percent(value.StrVal));
        }
        else
        {
            errors.NotNegative(path, value?.IntVal ?? 0);
        }
    }

    /// <summary>A share of all is not more than all.</summary>
    public static void AtMostAll(IntOrString? value, FieldPath path, FieldErrors errors)
    {
        if (value is { Type: 1 } && Amount(value) > 100)
        {
            errors.Invalid(path, value, "must not be greater than 100%");
        }
    }

    /// <summary>The number, or the percents; a bad text counts as more than nothing and is told apart.</summary>
    public static long Amount(IntOrString? value) => value switch
    {
        null => 0,
        { Type: 1 } => long.TryParse(value.StrVal.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            ? percent : 1,
        _ => value.IntVal,
    };
}

using System.Globalization;

namespace Cluster.Api.Selectors;

/// <summary>One condition on one label. Immutable; matching allocates nothing.</summary>
/// <param name="Key">The label.</param>
/// <param name="Operator">The comparison.</param>
/// <param name="Values">None for Exists and DoesNotExist, one or more for In and NotIn, one for the others.</param>
public sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    public bool Matches(IDictionary<string, string> labels)
    {
        var present = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            LabelOperator.Exists => present,
            LabelOperator.DoesNotExist => !present,
            LabelOperator.Equals or LabelOperator.In => present && Values.Contains(value!),
            LabelOperator.NotEquals or LabelOperator.NotIn => !present || !Values.Contains(value!),
            LabelOperator.GreaterThan => present && Compare(value!) > 0,
            _ => present && Compare(value!) < 0,
        };
    }

    /// <summary>The text form that <see cref="LabelSelector.Parse"/> reads.</summary>
    public override string ToString() => Operator switch
    {
        LabelOperator.Exists => Key,
        LabelOperator.DoesNotExist => "!" + Key,
        LabelOperator.Equals => $"{Key}={Values[0]}",
        LabelOperator.NotEquals => $"{Key}!={Values[0]}",
        LabelOperator.GreaterThan => $"{Key}>{Values[0]}",
        LabelOperator.LessThan => $"{Key}<{Values[0]}",
        LabelOperator.In => $"{Key} in ({Sorted})",
        _ => $"{Key} notin ({Sorted})",
    };

    private string Sorted => string.Join(',', Values.Order(StringComparer.Ordinal));

    /// <summary>A label that is no integer is neither greater nor less.</summary>
    private int Compare(string value) =>
        TryInteger(value, out var left) && TryInteger(Values[0], out var right) ? left.CompareTo(right) : 0;

    internal static bool TryInteger(string text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
}

using System.Globalization;

namespace Cluster.Api.Yaml;

/// <summary>Numbers with a fraction as Go's JSON encoder writes them: shortest digits, an exponent only when far from 1.</summary>
internal static class GoFloats
{
    public static string Format(double value)
    {
        var size = Math.Abs(value);
        if (value == 0 || !double.IsFinite(value))
            return "0";
        var text = value.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (size is >= 1e-6 and < 1e21)
            return shortest.Contains('E', StringComparison.Ordinal) ? ((decimal)value).ToString(CultureInfo.InvariantCulture) : shortest;
        var at = shortest.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(text[(text.IndexOf('E', StringComparison.Ordinal) + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = exponent < 0 ? '-' : '+';
        return $"{shortest[..at]}e{sign}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
    }
}

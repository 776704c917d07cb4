using System.Globalization;

namespace Cluster.Api.Yaml;

/// <summary>Numbers with a fraction as Go's JSON encoder writes them: shortest digits, an exponent only when far from 1.</summary>
internal static class GoFloats
{
    private const int SmallestPlainExponent = -6;
    private const int LargestPlainExponent = 20;

    public static string Format(double value)
    {
        if (value == 0 || !double.IsFinite(value))
            return "0";
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var at = text.IndexOf('E', StringComparison.Ordinal);
        if (at < 0)
            return text;

        // .NET takes to exponents earlier (1E+15, 1E-05): the digits are right, and only have to be laid out.
        var exponent = int.Parse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = text[..at];
        if (exponent is < SmallestPlainExponent or > LargestPlainExponent)
            return string.Create(CultureInfo.InvariantCulture, $"{mantissa}e{(exponent < 0 ? "" : "+")}{exponent}");
        var sign = value < 0 ? "-" : "";
        var digits = mantissa.Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal);
        return exponent < 0
            ? sign + "0." + new string('0', -exponent - 1) + digits
            : sign + digits.PadRight(exponent + 1, '0').Insert(exponent + 1, digits.Length > exponent + 1 ? "." : "");
    }
}

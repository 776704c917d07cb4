using System.Globalization;

namespace Cluster.Api.Quantities;

/// <summary>What stands behind the number of a quantity: a power of ten or of two, and its family.</summary>
/// <param name="Base">10 or 2.</param>
/// <param name="Exponent">Power of <paramref name="Base"/>.</param>
internal readonly record struct QuantitySuffix(int Base, int Exponent, QuantityFormat Format)
{
    private const string Decimal = "num kMGTPE";
    private const string Binary = "KMGTPE";

    /// <summary>The largest powers that have a letter: E is 10^18 and Ei is 2^60.</summary>
    public const int LargestDecimal = 18;
    public const int LargestBinary = 60;

    public static bool TryParse(ReadOnlySpan<char> text, out QuantitySuffix suffix)
    {
        suffix = new QuantitySuffix(10, 0, QuantityFormat.DecimalSi);
        if (text.IsEmpty)
            return true;
        if (text.Length == 1 && text[0] != ' ' && Decimal.IndexOf(text[0], StringComparison.Ordinal) is >= 0 and var power)
        {
            suffix = new QuantitySuffix(10, (power - 3) * 3, QuantityFormat.DecimalSi);
            return true;
        }

        if (text.Length == 2 && text[1] == 'i' && Binary.IndexOf(text[0], StringComparison.Ordinal) is >= 0 and var step)
        {
            suffix = new QuantitySuffix(2, (step + 1) * 10, QuantityFormat.BinarySi);
            return true;
        }

        return TryParseExponent(text, out suffix);
    }

    /// <summary>The letters for an exponent that <see cref="LargestDecimal"/> or <see cref="LargestBinary"/> bounds.</summary>
    public override string ToString() => Format switch
    {
        _ when Exponent == 0 => "",
        QuantityFormat.DecimalSi => Decimal.Substring((Exponent / 3) + 3, 1),
        QuantityFormat.BinarySi => Binary[(Exponent / 10) - 1] + "i",
        _ => "e" + Exponent.ToString(CultureInfo.InvariantCulture),
    };

    private static bool TryParseExponent(ReadOnlySpan<char> text, out QuantitySuffix suffix)
    {
        suffix = default;
        if (text.Length < 2 || (text[0] is not ('e' or 'E')))
            return false;
        if (!int.TryParse(text[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent))
            return false;
        suffix = new QuantitySuffix(10, exponent, QuantityFormat.DecimalExponent);
        return true;
    }
}

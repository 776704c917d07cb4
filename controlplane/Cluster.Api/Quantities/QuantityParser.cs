using System.Buffers;
using System.Globalization;
using System.Numerics;

namespace Cluster.Api.Quantities;

/// <summary>Reads quantity text, <c>[sign] digits [. digits] suffix</c>, by Kubernetes' rules and with its errors.</summary>
internal static class QuantityParser
{
    private const string FormatError =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    private const string SuffixError = "unable to parse quantity's suffix";
    private const string NumericError = "unable to parse numeric part of quantity";

    /// <summary>Nothing finer than a nano is kept.</summary>
    private const int Finest = -9;

    /// <summary>A length no honest quantity has; big-number work grows faster than its text.</summary>
    private const int LongestText = 1024;

    private static readonly SearchValues<char> SuffixLetters = SearchValues.Create("eEinumkKMGTP");

    private static readonly BigInteger LargestBinary = long.MaxValue;

    /// <returns>Null, or the error.</returns>
    public static string? Parse(string text, out QuantityValue value)
    {
        value = default;
        if (text.Length is 0 or > LongestText || !Split(text, out var number, out var suffixText))
            return FormatError;
        if (!QuantitySuffix.TryParse(suffixText, out var suffix))
            return SuffixError;

        var negative = number[0] == '-';
        var digits = number[0] is '+' or '-' ? number[1..] : number;
        var point = digits.IndexOf('.');
        var whole = (point < 0 ? digits : digits[..point]).TrimStart('0');
        var fraction = point < 0 ? [] : digits[(point + 1)..];
        if (IsSmall(whole.Length == 0 ? 1 : whole.Length, fraction.Length, suffix))
            value = Small(text, negative, whole, fraction, suffix);
        else if (digits.Length == (point < 0 ? 0 : 1))
            return NumericError;
        else
            value = Large(negative, whole, fraction, suffix);
        return null;
    }

    private static bool Split(ReadOnlySpan<char> text, out ReadOnlySpan<char> number, out ReadOnlySpan<char> suffix)
    {
        var at = text[0] is '+' or '-' ? 1 : 0;
        at += CountDigits(text[at..]);
        if (at < text.Length && text[at] == '.')
            at += 1 + CountDigits(text[(at + 1)..]);
        // The leading character stands in for an empty number ("Ki" is 0Ki), so that callers may look at number[0].
        number = at == 0 ? "+" : text[..at];
        suffix = text[at..];
        var letters = suffix.IndexOfAnyExcept(SuffixLetters);
        if (letters < 0)
            return true;
        var exponent = suffix[letters..];
        if (exponent[0] is '+' or '-')
            exponent = exponent[1..];
        return CountDigits(exponent) == exponent.Length;
    }

    private static int CountDigits(ReadOnlySpan<char> text)
    {
        var length = text.IndexOfAnyExceptInRange('0', '9');
        return length < 0 ? text.Length : length;
    }

    // The same bounds as Kubernetes': they decide which texts it keeps as written.
    private static bool IsSmall(int whole, int fraction, QuantitySuffix suffix) =>
        suffix.Format == QuantityFormat.BinarySi
            ? fraction == 0 && 15 - whole - (suffix.Exponent * 3 / 10) - 1 >= 0
            : whole + fraction <= 18 && suffix.Exponent - (long)fraction >= Finest;

    private static QuantityValue Small(
        string text, bool negative, ReadOnlySpan<char> whole, ReadOnlySpan<char> fraction, QuantitySuffix suffix)
    {
        var number = 0L;
        foreach (var digit in whole)
            number = (number * 10) + (digit - '0');
        foreach (var digit in fraction)
            number = (number * 10) + (digit - '0');

        // Kubernetes takes these for canonical and writes them as they came, though 1.500 is not: objects must read the same.
        var binary = suffix.Format == QuantityFormat.BinarySi;
        var exponent = binary ? 0 : suffix.Exponent - fraction.Length;
        var kept = binary
            ? (number & 7) != 0
            : exponent % 3 == 0 && whole.Length > 0 && !(whole.Length + fraction.Length >= 3 && number % 1000 == 0);
        var value = binary ? number << suffix.Exponent : number;
        return new QuantityValue(negative ? -value : value, exponent, suffix.Format, kept ? text : null);
    }

    private static QuantityValue Large(bool negative, ReadOnlySpan<char> whole, ReadOnlySpan<char> fraction, QuantitySuffix suffix)
    {
        var number = BigInteger.Parse(string.Concat("0", whole, fraction), NumberStyles.None, CultureInfo.InvariantCulture);
        var exponent = -fraction.Length;
        if (suffix.Format == QuantityFormat.BinarySi)
            number <<= suffix.Exponent;
        else
            exponent = (int)Math.Max((long)exponent + suffix.Exponent, int.MinValue);

        (number, exponent) = RoundToNano(number, exponent);
        var format = suffix.Format;
        if (format == QuantityFormat.BinarySi)
        {
            var one = BigInteger.Pow(10, -exponent);
            if (number > LargestBinary * one)
                (number, exponent) = (LargestBinary, 0);
            else if (number < one && !number.IsZero)
                format = QuantityFormat.DecimalSi;
        }

        return new QuantityValue(negative ? -number : number, exponent, format, null);
    }

    // Away from zero: who asks for a little gets a little.
    private static (BigInteger Number, int Exponent) RoundToNano(BigInteger number, int exponent)
    {
        if (exponent >= Finest || number.IsZero)
            return (number, Math.Max(exponent, Finest));
        var drop = (long)Finest - exponent;
        if (drop > LongestText)
            return (BigInteger.One, Finest);
        var quotient = BigInteger.DivRem(number, BigInteger.Pow(10, (int)drop), out var rest);
        return (rest.IsZero ? quotient : quotient + 1, Finest);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using Cluster.Api.Resource;

namespace Cluster.Api.Quantities;

/// <summary>The number behind a <see cref="Quantity"/>: exact, of any size, no finer than 10^-9. Immutable.</summary>
/// <remarks>
/// Sums and differences take the format of the left side, or of the right one when the left is zero. Numbers more than 2048
/// powers of ten apart are added as if they were that far apart: no quantity that means something comes near.
/// </remarks>
public readonly struct QuantityValue : IComparable<QuantityValue>, IEquatable<QuantityValue>
{
    // A power of ten with more digits than any quantity that means something; past it numbers are compared by their
    // length and not worked out, so that "1e999999999" costs nothing.
    private const int LargestPower = 2048;

    private readonly BigInteger number;
    private readonly int exponent;
    private readonly QuantityFormat format;
    private readonly string? text;

    internal QuantityValue(BigInteger number, int exponent, QuantityFormat format, string? text)
    {
        this.number = number;
        this.exponent = exponent;
        this.format = format;
        this.text = text;
    }

    public static QuantityValue Zero => default;

    /// <summary>A whole number: counts and, with <see cref="QuantityFormat.BinarySi"/>, bytes.</summary>
    public static QuantityValue FromLong(long value, QuantityFormat format = QuantityFormat.DecimalSi) => new(value, 0, format, null);

    /// <summary>Thousandths: processor time.</summary>
    public static QuantityValue FromMilli(long value) => new(value, -3, QuantityFormat.DecimalSi, null);

    /// <summary>The value of a message; an absent or empty one is zero.</summary>
    /// <exception cref="FormatException">The text is no quantity.</exception>
    public static QuantityValue From(Quantity? quantity) =>
        quantity is null || quantity.String.Length == 0 ? default : Parse(quantity.String);

    /// <exception cref="FormatException">The text is no quantity; the message is Kubernetes' own.</exception>
    public static QuantityValue Parse(string text) =>
        QuantityParser.Parse(text, out var value) is { } error ? throw new FormatException(error) : value;

    public static bool TryParse(string? text, out QuantityValue value)
    {
        value = default;
        return text is not null && QuantityParser.Parse(text, out value) is null;
    }

    public QuantityFormat Format => format;

    public bool IsZero => number.IsZero;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => number.Sign;

    /// <summary>The value in whole units, rounded away from zero; held at the ends of the range.</summary>
    public long Value => Scaled(0);

    /// <summary>The value in thousandths, rounded away from zero; held at the ends of the range.</summary>
    public long MilliValue => Scaled(-3);

    public Quantity ToQuantity() => new() { String = ToString() };

    public static QuantityValue operator +(QuantityValue left, QuantityValue right)
    {
        if (left.IsZero)
            return new(right.number, right.exponent, right.format, null);
        if (right.IsZero)
            return new(left.number, left.exponent, left.format, null);
        var exponent = Math.Min(left.exponent, right.exponent);
        return new(left.At(exponent) + right.At(exponent), exponent, left.format, null);
    }

    public static QuantityValue operator -(QuantityValue value) => new(-value.number, value.exponent, value.format, null);

    public static QuantityValue operator -(QuantityValue left, QuantityValue right) => left + -right;

    public static QuantityValue Add(QuantityValue left, QuantityValue right) => left + right;

    public static QuantityValue Subtract(QuantityValue left, QuantityValue right) => left - right;

    public static QuantityValue Negate(QuantityValue value) => -value;

    public int CompareTo(QuantityValue other)
    {
        if (Sign != other.Sign || Sign == 0)
            return Sign.CompareTo(other.Sign);
        if (Math.Abs((long)exponent - other.exponent) > LargestPower)
            return exponent > other.exponent ? Sign : -Sign;
        var common = Math.Min(exponent, other.exponent);
        return At(common).CompareTo(other.At(common));
    }

    public bool Equals(QuantityValue other) => CompareTo(other) == 0;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is QuantityValue other && Equals(other);

    public override int GetHashCode()
    {
        var (digits, power) = Reduce(number, exponent);
        return HashCode.Combine(digits, power);
    }

    public static bool operator ==(QuantityValue left, QuantityValue right) => left.Equals(right);

    public static bool operator !=(QuantityValue left, QuantityValue right) => !left.Equals(right);

    public static bool operator <(QuantityValue left, QuantityValue right) => left.CompareTo(right) < 0;

    public static bool operator >(QuantityValue left, QuantityValue right) => left.CompareTo(right) > 0;

    public static bool operator <=(QuantityValue left, QuantityValue right) => left.CompareTo(right) <= 0;

    public static bool operator >=(QuantityValue left, QuantityValue right) => left.CompareTo(right) >= 0;

    /// <summary>The canonical text: a whole number with the largest suffix that loses nothing.</summary>
    public override string ToString()
    {
        if (text is not null)
            return text;
        if (IsZero)
            return "0";
        return format == QuantityFormat.BinarySi && IsBinary(out var whole) ? BinaryText(whole) : DecimalText();
    }

    // Small and broken numbers are written with decimal suffixes whatever they came with: 512 and not half a Ki.
    private bool IsBinary(out BigInteger whole)
    {
        whole = default;
        if (exponent > LargestPower)
            return false;
        whole = At(0);
        if (exponent < 0)
        {
            whole = BigInteger.DivRem(number, BigInteger.Pow(10, -exponent), out var rest);
            if (!rest.IsZero)
                return false;
        }

        return BigInteger.Abs(whole) >= 1024;
    }

    private static string BinaryText(BigInteger whole)
    {
        var power = 0;
        while (power < QuantitySuffix.LargestBinary && (whole & 1023).IsZero)
        {
            whole >>= 10;
            power += 10;
        }

        return whole.ToString(CultureInfo.InvariantCulture) + new QuantitySuffix(2, power, QuantityFormat.BinarySi);
    }

    private string DecimalText()
    {
        var family = format == QuantityFormat.BinarySi ? QuantityFormat.DecimalSi : format;
        var (digits, power) = Reduce(number, exponent);
        var wanted = power - (((power % 3) + 3) % 3);
        if (family == QuantityFormat.DecimalSi)
            wanted = Math.Min(wanted, QuantitySuffix.LargestDecimal);
        digits *= BigInteger.Pow(10, Math.Min(power - wanted, LargestPower));
        return digits.ToString(CultureInfo.InvariantCulture) + new QuantitySuffix(10, wanted, family);
    }

    private long Scaled(int unit)
    {
        var shift = (long)exponent - unit;
        if (shift > LargestPower)
            return Sign * long.MaxValue;
        var scaled = shift >= 0 ? number * BigInteger.Pow(10, (int)shift) : DivideAwayFromZero(number, BigInteger.Pow(10, (int)-shift));
        return (long)BigInteger.Clamp(scaled, long.MinValue, long.MaxValue);
    }

    private static BigInteger DivideAwayFromZero(BigInteger value, BigInteger by)
    {
        var quotient = BigInteger.DivRem(value, by, out var rest);
        return rest.IsZero ? quotient : quotient + value.Sign;
    }

    private BigInteger At(int lower) =>
        exponent <= lower ? number : number * BigInteger.Pow(10, (int)Math.Min((long)exponent - lower, LargestPower));

    private static (BigInteger Number, int Exponent) Reduce(BigInteger number, int exponent)
    {
        if (number.IsZero)
            return (number, 0);
        while (BigInteger.DivRem(number, 10, out var rest) is var quotient && rest.IsZero)
            (number, exponent) = (quotient, exponent + 1);
        return (number, exponent);
    }
}

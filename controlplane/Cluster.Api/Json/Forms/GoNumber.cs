using System.Globalization;

namespace Cluster.Api.Json.Forms;

/// <summary>Numbers as Go's JSON encoder writes them.</summary>
internal static class GoNumber
{
    private const double LeastPlain = 1e-6;
    private const double FirstNotPlain = 1e21;

    /// <summary>The shortest digits that read as the same number: plain from 1e-6 up to 1e21, with an exponent outside.</summary>
    public static string Text(double value)
    {
        if (value == 0)
            return double.IsNegative(value) ? "-0" : "0";
        var sign = value < 0 ? "-" : "";
        var (digits, point) = Shortest(Math.Abs(value));
        if (Math.Abs(value) is >= LeastPlain and < FirstNotPlain)
            return sign + Plain(digits, point);
        var exponent = point - 1;
        var fraction = digits.Length > 1 ? "." + digits[1..] : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent)}");
    }

    // The digits without zeros at either end, and where the point stands before, in or after them.
    private static (string Digits, int Point) Shortest(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var exponentAt = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = exponentAt < 0 ? 0 : int.Parse(text[(exponentAt + 1)..], CultureInfo.InvariantCulture);
        var mantissa = exponentAt < 0 ? text : text[..exponentAt];
        var dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? mantissa.Length : dot;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var zeros = digits.Length - digits.TrimStart('0').Length;
        return (digits.Trim('0'), whole - zeros + exponent);
    }

    private static string Plain(string digits, int point) =>
        point <= 0 ? "0." + new string('0', -point) + digits
        : point >= digits.Length ? digits + new string('0', point - digits.Length)
        : $"{digits[..point]}.{digits[point..]}";
}

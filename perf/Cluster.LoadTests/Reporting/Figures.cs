using System.Globalization;

namespace Cluster.LoadTests.Reporting;

/// <summary>How numbers are written: three significant figures are more than a shared machine can promise.</summary>
internal static class Figures
{
    public static string Short(double? value) => value switch
    {
        null => "-",
        { } number when Math.Abs(number) >= 100 => number.ToString("#,0", CultureInfo.InvariantCulture),
        { } number when Math.Abs(number) >= 10 => number.ToString("0.0", CultureInfo.InvariantCulture),
        { } number => number.ToString("0.00", CultureInfo.InvariantCulture),
    };

    public static string Ratio(double? value) => value is { } number ? number.ToString("0.00", CultureInfo.InvariantCulture) : "-";

    public static string Percent(double? value) => value is { } number ? (number * 100).ToString("0", CultureInfo.InvariantCulture) + "%" : "-";
}

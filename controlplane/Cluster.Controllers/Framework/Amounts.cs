using System.Globalization;
using Cluster.Api;
using Cluster.Api.IntStr;

namespace Cluster.Controllers.Framework;

/// <summary>Amounts given as a number or a share.</summary>
internal static class Amounts
{
    /// <summary>The number meant; a share is taken <paramref name="of"/> a whole and rounded up or down.</summary>
    /// <param name="value">Null means <paramref name="otherwise"/>.</param>
    /// <param name="of">The whole.</param>
    /// <param name="otherwise">Where no value is given.</param>
    /// <param name="up">How a share that is no whole number is rounded.</param>
    public static int Resolve(IntOrString? value, int of, int otherwise, bool up) =>
        value is null ? otherwise : value.IsInt() ? value.IntVal : Share(value.StrVal, of, up);

    /// <summary>A share such as <c>25%</c> of a whole.</summary>
    public static int Share(string percent, int of, bool up)
    {
        long number = int.TryParse(percent.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        return (int)Math.Clamp(up ? Math.Ceiling(number * of / 100.0) : Math.Floor(number * of / 100.0), int.MinValue, int.MaxValue);
    }
}

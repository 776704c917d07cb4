using System.Globalization;
using System.Text.RegularExpressions;

namespace Cluster.ApiServer.CustomResources;

/// <summary>The order of versions by their names: v2 before v1 before v1beta1 before v1alpha1 before anything else.</summary>
internal sealed partial class VersionOrder : IComparer<string>
{
    public static readonly VersionOrder PreferredFirst = new();

    public int Compare(string? x, string? y)
    {
        var (left, right) = (Read(x!), Read(y!));
        if (left is null || right is null)
            return left is null && right is null ? string.CompareOrdinal(x, y) : left is null ? 1 : -1;
        return right.Value.CompareTo(left.Value);
    }

    // Stability first: 2 for a plain version, 1 for beta, 0 for alpha.
    private static (int Stability, long Major, long Minor)? Read(string version)
    {
        if (Pattern().Match(version) is not { Success: true } match)
            return null;
        var stability = match.Groups[2].Value switch { "" => 2, "beta" => 1, _ => 0 };
        return (stability, Number(match.Groups[1].Value), Number(match.Groups[3].Value));
    }

    private static long Number(string digits) => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    [GeneratedRegex("^v([0-9]{1,18})(?:(alpha|beta)([0-9]{1,18}))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

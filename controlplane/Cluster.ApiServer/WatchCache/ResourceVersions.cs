using System.Globalization;

namespace Cluster.ApiServer.WatchCache;

/// <summary>Resource versions on the wire: a store revision as decimal text.</summary>
public static class ResourceVersions
{
    public static string Format(long revision) => revision.ToString(CultureInfo.InvariantCulture);

    /// <summary>The revision a text names; false if it names none.</summary>
    public static bool TryParse(string text, out long revision) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out revision);
}

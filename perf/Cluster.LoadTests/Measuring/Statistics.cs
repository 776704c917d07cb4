namespace Cluster.LoadTests.Measuring;

/// <summary>The arithmetic of the reports.</summary>
internal static class Statistics
{
    /// <summary>The middle value; the mean of the two middle ones where the count is even.</summary>
    /// <exception cref="ArgumentException">There is no value.</exception>
    public static double Median(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0) throw new ArgumentException("no value", nameof(values));
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>The smallest value that at least <paramref name="percentile"/> percent of all do not exceed (nearest rank).</summary>
    /// <exception cref="ArgumentException">There is no value, or the percentile is not in (0, 100].</exception>
    public static double Percentile(IReadOnlyCollection<double> values, double percentile)
    {
        if (values.Count == 0) throw new ArgumentException("no value", nameof(values));
        if (percentile is not (> 0 and <= 100)) throw new ArgumentException("a percentile is in (0, 100]", nameof(percentile));
        double[] sorted = [.. values.Order()];
        return sorted[Math.Max(0, (int)Math.Ceiling(percentile / 100 * sorted.Length) - 1)];
    }

    /// <summary>A ratio; null where one side is missing or the reference is zero.</summary>
    public static double? Ratio(double? value, double? reference) => value is null || reference is null or 0 ? null : value / reference;
}

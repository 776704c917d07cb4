namespace Cluster.Scheduler.Framework;

/// <summary>The scale of scores.</summary>
public static class Scores
{
    /// <summary>The best a plug-in can say of a node.</summary>
    public const long Max = 100;

    /// <summary>Stretches raw scores, none negative, so that the highest becomes <see cref="Max"/>.</summary>
    /// <param name="raw">Changed in place.</param>
    /// <param name="reverse">The lowest raw score is the best.</param>
    public static void Normalize(Span<long> raw, bool reverse = false)
    {
        long highest = 0;
        foreach (var score in raw)
            highest = Math.Max(highest, score);
        for (var i = 0; i < raw.Length; i++)
        {
            var scaled = highest == 0 ? 0 : raw[i] * Max / highest;
            raw[i] = reverse ? Max - scaled : scaled;
        }
    }

    /// <summary>Stretches raw scores of either sign over the whole scale; all the same become 0.</summary>
    public static void Spread(Span<long> raw)
    {
        var (lowest, highest) = (long.MaxValue, long.MinValue);
        foreach (var score in raw)
            (lowest, highest) = (Math.Min(lowest, score), Math.Max(highest, score));
        for (var i = 0; i < raw.Length; i++)
            raw[i] = highest == lowest ? 0 : (raw[i] - lowest) * Max / (highest - lowest);
    }
}

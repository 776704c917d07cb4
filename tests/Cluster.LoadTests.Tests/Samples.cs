using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Tests;

/// <summary>Made-up samples.</summary>
internal static class Samples
{
    public static Sample[] Of(string work, string candidate, params double?[] values) =>
    [
        .. values.Select((value, round) => new Sample(work, candidate, round + 1, value, 100, 1, 2, 0.9, 0.8, 5, 1, null, null, 0, value is null ? "broke" : null)),
    ];

    public static Sample[] Of(string work, string candidate, params double[] values) => Of(work, candidate, [.. values.Select(value => (double?)value)]);
}

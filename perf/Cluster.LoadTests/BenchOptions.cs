using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests;

/// <summary>What to measure and where.</summary>
/// <param name="Works">Names; none means all.</param>
/// <param name="Candidates">Names; none means all.</param>
internal sealed record BenchOptions(
    Timing Timing,
    IReadOnlyList<string> Works,
    IReadOnlyList<string> Candidates,
    string Output,
    string ClusterBinary,
    string Tools,
    int LoadCore,
    int ProxyCore,
    string? CongestionControl,
    ScaleOptions? Scale);

/// <summary>The scale check instead of the comparison.</summary>
internal sealed record ScaleOptions(IReadOnlyList<string> Paths, int Services);

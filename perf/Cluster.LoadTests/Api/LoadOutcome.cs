namespace Cluster.LoadTests.Api;

/// <summary>What a load has done.</summary>
/// <param name="Operations">That succeeded.</param>
/// <param name="Failures">That did not.</param>
/// <param name="LatenciesMs">Of requests.</param>
internal sealed record LoadOutcome(long Operations, long Failures, IReadOnlyCollection<double> LatenciesMs);

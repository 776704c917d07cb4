namespace Cluster.LoadTests.Measuring;

/// <summary>A candidate that could not be measured, and why.</summary>
internal sealed record Absence(string Candidate, string Transport, string Reason);

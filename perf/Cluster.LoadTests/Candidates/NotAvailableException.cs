namespace Cluster.LoadTests.Candidates;

/// <summary>A candidate can't be measured here; the message says why.</summary>
internal sealed class NotAvailableException(string reason) : Exception(reason);

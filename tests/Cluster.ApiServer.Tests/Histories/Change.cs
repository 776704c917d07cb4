namespace Cluster.ApiServer.Tests.Histories;

/// <summary>What one write did to one object.</summary>
/// <param name="Revision">Of the store.</param>
/// <param name="Before">The label before; null: it was not there.</param>
/// <param name="After">The label it left; null: it was deleted.</param>
internal sealed record Change(long Revision, string Namespace, string Name, string? Before, string? After);

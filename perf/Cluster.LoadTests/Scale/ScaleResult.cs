namespace Cluster.LoadTests.Scale;

/// <summary>What one path did with a table of a size.</summary>
/// <param name="Vehicle">"node": the data plane as the proxy hosts it, with virtual addresses; "file": <c>cluster proxy --config</c>.</param>
/// <param name="Open">Services that answer; the rest were refused for <paramref name="Limit"/>.</param>
/// <param name="StartToServingMs">From the start of the process to the first answer; a node has opened all services by then.</param>
/// <param name="ResidentMb">All resident memory of the process, after all else was measured.</param>
/// <param name="FirstP50Us">A first connection to each of many services: from connecting to the answer.</param>
/// <param name="FamiliarP50Us">A connection to one and the same service, in turn with the first ones.</param>
/// <param name="AgainP50Us">A second connection to each.</param>
/// <param name="ChangeP50Ms">From the change to the first connection that meets it.</param>
internal sealed record ScaleResult(
    string Vehicle,
    string Path,
    int Services,
    int Open,
    string? Limit,
    double? StartToServingMs,
    double? ResidentMb,
    double? AnonymousMb,
    double? FirstP50Us,
    double? FirstP99Us,
    int Changes,
    double? ChangeP50Ms,
    double? ChangeP99Ms,
    string? Failure)
{
    public double? FamiliarP50Us { get; init; }

    public double? AgainP50Us { get; init; }
}

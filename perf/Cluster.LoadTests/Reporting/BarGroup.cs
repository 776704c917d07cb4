namespace Cluster.LoadTests.Reporting;

/// <summary>Bars of one measure, drawn to one scale.</summary>
internal sealed record BarGroup(string Title, IReadOnlyList<Bar> Bars);

namespace Cluster.LoadTests.Reporting;

/// <summary>One bar of a plot.</summary>
/// <param name="Label">Whose it is.</param>
/// <param name="Value">Its length; null or negative: none.</param>
/// <param name="Text">What stands at its end.</param>
/// <param name="Colour">As SVG writes it.</param>
internal readonly record struct Bar(string Label, double? Value, string Text, string Colour);

namespace Cluster.Api.Json;

/// <summary>A field that should not be where it is.</summary>
/// <param name="Problem"><c>unknown field</c> or <c>duplicate field</c>.</param>
/// <param name="NameStart">Offset of its name in the document.</param>
internal readonly record struct FieldProblem(string Problem, int NameStart);

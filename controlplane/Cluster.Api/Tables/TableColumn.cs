namespace Cluster.Api.Tables;

/// <summary>One column of the table a list is shown as.</summary>
/// <param name="Name">The heading; clients print it in capitals.</param>
/// <param name="Type">OpenAPI type of the cells.</param>
/// <param name="Format">OpenAPI format; <c>name</c> marks the column with the object's name.</param>
/// <param name="Description">What the cells tell.</param>
/// <param name="Priority">0 is always shown, more only with <c>-o wide</c>.</param>
public sealed record TableColumn(string Name, string Type, string Format, string Description, int Priority);

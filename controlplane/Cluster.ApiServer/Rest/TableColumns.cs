using Cluster.Api;

namespace Cluster.ApiServer.Rest;

internal sealed record TableColumn(string Name, string Type, string Format, string Description, int Priority);

/// <summary>Name and creation time: what every kind has.</summary>
internal sealed class TableColumns
{
    private static readonly TableColumns Common = new();

    public IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Name", "string", "name", "The name, unique in its namespace.", 0),
        new("Created At", "date", "", "When the object was created.", 0),
    ];

    public static TableColumns For(ResourceType type) => Common;

    public static IReadOnlyList<object?> Cells(IApiObject obj, DateTimeOffset now) =>
        [obj.Metadata.Name, obj.Metadata.CreationTimestamp?.ToDateTimeOffset().ToString("O")];
}

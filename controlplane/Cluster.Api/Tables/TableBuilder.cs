namespace Cluster.Api.Tables;

/// <summary>Lists a kind's columns with the way each cell is made.</summary>
internal sealed class TableBuilder<T>
    where T : IApiObject
{
    private readonly List<TableColumn> columns = [];
    private readonly List<Func<T, DateTimeOffset, object?>> cells = [];

    public TableBuilder<T> Name() => Add("Name", "string", "name", "The object's name, unique in its namespace.", 0, (obj, _) => obj.Metadata?.Name ?? "");

    public TableBuilder<T> Age() => Add(
        "Age", "string", "", "How long ago the object was created.", 0, (obj, now) => AgeText.Since(obj.Metadata?.CreationTimestamp, now));

    public TableBuilder<T> Text(string name, string description, Func<T, string> cell) =>
        Add(name, "string", "", description, 0, (obj, _) => cell(obj));

    public TableBuilder<T> Text(string name, string description, Func<T, DateTimeOffset, string> cell) =>
        Add(name, "string", "", description, 0, cell);

    public TableBuilder<T> Wide(string name, string description, Func<T, string> cell) =>
        Add(name, "string", "", description, 1, (obj, _) => cell(obj));

    public TableBuilder<T> Wide(string name, string description, Func<T, DateTimeOffset, string> cell) =>
        Add(name, "string", "", description, 1, cell);

    public TableBuilder<T> Number(string name, string description, Func<T, int> cell) =>
        Add(name, "integer", "", description, 0, (obj, _) => (long)cell(obj));

    public TableBuilder<T> WideNumber(string name, string description, Func<T, int> cell) =>
        Add(name, "integer", "", description, 1, (obj, _) => (long)cell(obj));

    public TableBuilder<T> Add(
        string name, string type, string format, string description, int priority, Func<T, DateTimeOffset, object?> cell)
    {
        columns.Add(new TableColumn(name, type, format, description, priority));
        cells.Add(cell);
        return this;
    }

    public TableColumns Build()
    {
        var makers = cells.ToArray();
        return new TableColumns(columns.ToArray(), (obj, now) => Array.ConvertAll(makers, make => make((T)obj, now)));
    }
}

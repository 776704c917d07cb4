namespace Cluster.Api.Tables;

/// <summary>Lists a kind's columns with the way each cell is made.</summary>
/// <typeparam name="T">What cells are made from: the object, or something read from it once a row.</typeparam>
internal sealed class TableBuilder<T>(Func<IApiObject, T>? readRow = null)
{
    private readonly Func<IApiObject, T> readRow = readRow ?? (obj => (T)obj);
    private readonly List<TableColumn> columns = [];
    private readonly List<Func<T, IApiObject, DateTimeOffset, object?>> cells = [];

    public TableBuilder<T> Name() => Add(
        new TableColumn("Name", "string", "name", "The object's name, unique in its namespace.", 0),
        (_, obj, _) => obj.Metadata?.Name ?? "");

    public TableBuilder<T> Age() => Add(
        new TableColumn("Age", "string", "", "How long ago the object was created.", 0),
        (_, obj, now) => AgeText.Since(obj.Metadata?.CreationTimestamp, now));

    public TableBuilder<T> Text(string name, string description, Func<T, string> cell) =>
        Add(name, "string", "", description, 0, (row, _) => cell(row));

    public TableBuilder<T> Text(string name, string description, Func<T, DateTimeOffset, string> cell) =>
        Add(name, "string", "", description, 0, cell);

    public TableBuilder<T> Wide(string name, string description, Func<T, string> cell) =>
        Add(name, "string", "", description, 1, (row, _) => cell(row));

    public TableBuilder<T> Wide(string name, string description, Func<T, DateTimeOffset, string> cell) =>
        Add(name, "string", "", description, 1, cell);

    public TableBuilder<T> Number(string name, string description, Func<T, int> cell) =>
        Add(name, "integer", "", description, 0, (row, _) => (long)cell(row));

    public TableBuilder<T> WideNumber(string name, string description, Func<T, int> cell) =>
        Add(name, "integer", "", description, 1, (row, _) => (long)cell(row));

    public TableBuilder<T> Add(
        string name, string type, string format, string description, int priority, Func<T, DateTimeOffset, object?> cell) =>
        Add(new TableColumn(name, type, format, description, priority), (row, _, now) => cell(row, now));

    public TableColumns Build()
    {
        var makers = cells.ToArray();
        return new TableColumns(columns.ToArray(), (obj, now) =>
        {
            var row = readRow(obj);
            return Array.ConvertAll(makers, make => make(row, obj, now));
        });
    }

    private TableBuilder<T> Add(TableColumn column, Func<T, IApiObject, DateTimeOffset, object?> cell)
    {
        columns.Add(column);
        cells.Add(cell);
        return this;
    }
}

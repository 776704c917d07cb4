using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Cluster.Api.Json;

/// <summary>Finds the path of a place in a document by reading the document again: errors pay for paths, reading does not.</summary>
internal static class JsonPaths
{
    /// <summary>Paths such as <c>spec.containers[0].image</c>, one for each name.</summary>
    /// <param name="nameStarts">Offsets of property names, ascending.</param>
    public static List<string> Of(ReadOnlySpan<byte> data, IReadOnlyList<FieldProblem> nameStarts)
    {
        var paths = new List<string>(nameStarts.Count);
        var walk = new Walk(data);
        foreach (var problem in nameStarts)
        {
            walk.To(problem.NameStart);
            paths.Add(walk.Path(withIndices: true));
        }

        return paths;
    }

    /// <summary>The names above a field and its own, with dots and without indices: how Go names a field of the wrong type.</summary>
    public static string FieldNames(ReadOnlySpan<byte> data, int nameStart)
    {
        var walk = new Walk(data);
        walk.To(nameStart);
        return walk.Path(withIndices: false);
    }

    private ref struct Walk(ReadOnlySpan<byte> data)
    {
        // One entry a container that is open: the name read last in an object, or the index in an array.
        private readonly List<(string? Name, int Index)> open = [];
        private Utf8JsonReader reader = new(data, new JsonReaderOptions { MaxDepth = JsonInput.MaximumDepth });

        public void To(int nameStart)
        {
            while (reader.Read())
            {
                Track();
                if (reader.TokenType == JsonTokenType.PropertyName && reader.TokenStartIndex >= nameStart)
                    return;
            }
        }

        public readonly string Path(bool withIndices)
        {
            var path = new StringBuilder();
            foreach (var (name, index) in open)
            {
                if (name is not null)
                    path.Append(path.Length > 0 ? "." : "").Append(name);
                else if (withIndices && index >= 0)
                    path.Append(CultureInfo.InvariantCulture, $"[{index}]");
            }

            return path.ToString();
        }

        private void Track()
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    open[^1] = (PropertyName(), 0);
                    return;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    open.RemoveAt(open.Count - 1);
                    return;
            }

            if (open.Count > 0 && open[^1].Name is null)
                open[^1] = (null, open[^1].Index + 1);
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                open.Add((null, -1));
        }

        private readonly string PropertyName() =>
            reader.ValueIsEscaped ? LenientStrings.Unescape(reader.ValueSpan) : Encoding.UTF8.GetString(reader.ValueSpan);
    }
}

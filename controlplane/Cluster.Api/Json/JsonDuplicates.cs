using System.Text;
using System.Text.Json;

namespace Cluster.Api.Json;

/// <summary>Finds keys that an object of a JSON text has twice.</summary>
public static class JsonDuplicates
{
    /// <summary>The first such key, or null.</summary>
    /// <param name="utf8">Good JSON.</param>
    public static string? Find(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = JsonInput.MaximumDepth });
        var open = new Stack<HashSet<string>>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    open.Push(new HashSet<string>(StringComparer.Ordinal));
                    break;
                case JsonTokenType.EndObject:
                    open.Pop();
                    break;
                case JsonTokenType.PropertyName when !open.Peek().Add(Encoding.UTF8.GetString(reader.ValueSpan)):
                    return Encoding.UTF8.GetString(reader.ValueSpan);
            }
        }

        return null;
    }
}

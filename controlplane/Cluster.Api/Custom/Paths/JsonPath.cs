using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary>A path into JSON as kubectl knows it: fields, indexes, slices, <c>[*]</c>, <c>..</c> and filters. Immutable.</summary>
public sealed class JsonPath
{
    /// <summary>More than any column shows; steps such as <c>..*</c> after each other multiply.</summary>
    internal const int MostFound = 10_000;

    private readonly IReadOnlyList<JsonPathStep> _steps;

    internal JsonPath(string text, IReadOnlyList<JsonPathStep> steps) => (Text, _steps) = (text, steps);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>The names of the path if it is nothing but fields after each other; else null.</summary>
    public IReadOnlyList<string>? Fields =>
        _steps.All(step => step is FieldStep) ? [.. _steps.Select(step => ((FieldStep)step).Name)] : null;

    /// <summary>Reads a path such as <c>.spec.replicas</c>, with or without braces around it.</summary>
    /// <exception cref="FormatException">It is none; the message says where.</exception>
    public static JsonPath Parse(string text) => JsonPathParser.Parse(text);

    /// <summary>The values the path leads to, in order; none where it leads to more than ten thousand.</summary>
    public IReadOnlyList<JsonNode?> Find(JsonNode? root)
    {
        List<JsonNode?> found = [root];
        foreach (var step in _steps)
        {
            List<JsonNode?> next = [];
            foreach (var value in found)
            {
                step.Add(value, next);
                if (next.Count > MostFound)
                    return [];
            }

            found = next;
        }

        return found;
    }
}

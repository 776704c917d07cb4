namespace Cluster.Api.Selectors;

/// <summary>Chooses objects by a few of their fields, those the kind offers. Immutable; every term must hold.</summary>
public sealed class FieldSelector
{
    private readonly Term[] terms;

    private FieldSelector(Term[] terms) => this.terms = terms;

    /// <summary>Matches every object.</summary>
    public static FieldSelector Everything { get; } = new([]);

    /// <summary>True when every object matches.</summary>
    public bool IsEmpty => terms.Length == 0;

    /// <summary>Reads <c>path=value,path!=value</c> (<c>==</c> is <c>=</c>; a backslash escapes comma, equals sign and itself).</summary>
    /// <exception cref="StatusException">400 BadRequest: the text is malformed, or the kind does not offer the field.</exception>
    public static FieldSelector Parse(string text, ResourceType type)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Everything;
        }
        var fields = SelectableFields.Of(type);
        return new([.. FieldSelectorParser.Terms(text).Select(term => Compile(fields, term.Path, term.Value, term.Negated))]);
    }

    public bool Matches(IApiObject obj)
    {
        foreach (var term in terms)
        {
            if (!term.Matches(obj))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The one value a field must have, or null: a reader may then look up instead of scanning.</summary>
    public string? RequiredValue(string path) => Array.Find(terms, term => term.Path == path && !term.Negated)?.Value;

    /// <summary>The one name a selector's text asks for; empty: it asks for none, or is no selector.</summary>
    public static string NameIn(string text) => ValueIn(text, "metadata.name");

    /// <summary>The one value a selector's text asks for in a field; empty: it asks for none, or is no selector.</summary>
    public static string ValueIn(string text, string path)
    {
        if (text.Length == 0)
            return "";
        try
        {
            return FieldSelectorParser.Terms(text).FirstOrDefault(term => term.Path == path && !term.Negated).Value ?? "";
        }
        catch (StatusException)
        {
            // Whoever answers the request says what is wrong with it.
            return "";
        }
    }

    /// <summary>The text of a selector that asks for what <paramref name="text"/> does and for one name.</summary>
    /// <param name="text">May be empty.</param>
    /// <param name="name">Null: any.</param>
    public static string WithName(string text, string? name)
    {
        if (name is null)
            return text;
        var term = $"metadata.name={FieldSelectorParser.Escape(name)}";
        return text.Length == 0 ? term : $"{text},{term}";
    }

    public override string ToString() =>
        string.Join(',', terms.Select(term => $"{term.Path}{(term.Negated ? "!=" : "=")}{FieldSelectorParser.Escape(term.Value)}"));

    private static Term Compile(SelectableFields fields, string path, string value, bool negated)
    {
        var field = fields.Resolve(path);
        return new Term(field.Path, value, negated, field.Read);
    }

    private sealed record Term(string Path, string Value, bool Negated, Func<IApiObject, string> Read)
    {
        public bool Matches(IApiObject obj) => Read(obj) == Value != Negated;
    }
}

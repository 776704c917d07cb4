using System.Text;
using System.Text.Json;

namespace Cluster.Api.Json;

/// <summary>A document being read: the reader, and what error texts need to know of the place.</summary>
/// <remarks>Paths are not kept while reading: only the offsets of what is wrong, from which <see cref="JsonPaths"/> finds them.</remarks>
internal ref struct JsonInput
{
    /// <summary>Kubernetes tells no more than this many unknown and duplicate fields of a document.</summary>
    private const int MostProblems = 100;

    /// <summary>The depth at which Go's decoder gives up.</summary>
    public const int MaximumDepth = 10_000;

    public JsonInput(ReadOnlySpan<byte> data, bool reportsProblems, int maximumDepth = MaximumDepth)
    {
        Data = data;
        Reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = maximumDepth });
        ReportsProblems = reportsProblems;
    }

    public Utf8JsonReader Reader;

    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Someone wants to hear of unknown and duplicate fields.</summary>
    public bool ReportsProblems { get; }

    /// <summary>Unknown and duplicate fields in the order of the text.</summary>
    public List<FieldProblem>? Problems { get; private set; }

    /// <summary>Where the name of the field being read stands; -1 outside of any.</summary>
    public int FieldStart { get; set; } = -1;

    /// <summary>The message the field belongs to.</summary>
    public string? Struct { get; set; }

    /// <summary>apiVersion and kind at the top of the document.</summary>
    public string? ApiVersion { get; set; }

    public string? Kind { get; set; }

    public void Report(string problem, int nameStart)
    {
        if (ReportsProblems && (Problems ??= []).Count < MostProblems)
            Problems.Add(new FieldProblem(problem, nameStart));
    }

    /// <summary>The text of a JSON string; what is no valid UTF-8 or UTF-16 becomes U+FFFD, as in Go.</summary>
    public string GetString()
    {
        if (!Reader.ValueIsEscaped)
            return Encoding.UTF8.GetString(Reader.ValueSpan);
        try
        {
            return Reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return LenientStrings.Unescape(Reader.ValueSpan);
        }
    }

    /// <summary>The current value as it stands in the text; the reader is on its last token after.</summary>
    public ReadOnlySpan<byte> RawValue()
    {
        var start = (int)Reader.TokenStartIndex;
        Reader.Skip();
        return Data[start..(int)Reader.BytesConsumed];
    }

    /// <summary>The error of a value that has the wrong JSON type for <paramref name="goType"/>.</summary>
    public JsonDecodeException Mismatch(string goType)
    {
        var value = Reader.TokenType switch
        {
            JsonTokenType.StartObject => "object",
            JsonTokenType.StartArray => "array",
            JsonTokenType.String => "string",
            JsonTokenType.True or JsonTokenType.False => "bool",
            JsonTokenType.Null => "null",
            _ => "number",
        };
        return Mismatch(value, goType);
    }

    /// <summary>The error of a number that does not fit <paramref name="goType"/>.</summary>
    public JsonDecodeException BadNumber(string goType) => Mismatch("number " + Encoding.UTF8.GetString(Reader.ValueSpan), goType);

    private readonly JsonDecodeException Mismatch(string value, string goType)
    {
        var place = FieldStart < 0 ? "value" : $"struct field {Struct}.{JsonPaths.FieldNames(Data, FieldStart)}";
        return new JsonDecodeException($"json: cannot unmarshal {value} into Go {place} of type {goType}");
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Cluster.Api.Json;

namespace Cluster.Api.Apply.Fields;

/// <summary>One step of a path into an object: a field, a list element by its keys or its value, or an index. Immutable.</summary>
internal sealed class PathElement : IComparable<PathElement>, IEquatable<PathElement>
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? text;

    private readonly Step step;
    private readonly (string Name, Scalar Value)[]? keys;
    private readonly Scalar value;
    private string? serialized;

    private PathElement(Step step, string? name = null, (string Name, Scalar Value)[]? keys = null, Scalar value = default) =>
        (this.step, FieldName, this.keys, this.value) = (step, name, keys, value);

    private enum Step
    {
        Field,
        Key,
        Value,
        Index,
    }

    /// <summary>The name, if the step is a field.</summary>
    public string? FieldName { get; }

    /// <summary>The step is a list element found by its keys.</summary>
    public bool IsKey => step == Step.Key;

    public static PathElement Field(string name) => new(Step.Field, name);

    /// <param name="keys">In ordinal order of their names.</param>
    public static PathElement Key((string Name, Scalar Value)[] keys) => new(Step.Key, keys: keys);

    public static PathElement Value(Scalar value) => new(Step.Value, value: value);

    public static PathElement Index(int index) => new(Step.Index, value: Scalar.Of(index));

    /// <summary>Reads <c>f:spec</c>, <c>k:{"name":"a"}</c>, <c>v:"x"</c> or <c>i:0</c>.</summary>
    /// <returns>Null: a kind of step that is not known, which is to be ignored.</returns>
    /// <exception cref="FormatException">The text is no step.</exception>
    public static PathElement? Parse(string text)
    {
        if (text.Length < 2)
            throw new FormatException("key must be 2 characters long:");
        if (text[1] != ':')
            throw new FormatException("missing colon: " + text);
        switch (text[0])
        {
            case 'f':
                return Field(text[2..]);
            case 'i':
                return int.TryParse(text.AsSpan(2), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index) ? Index(index)
                    : throw new FormatException($"strconv.Atoi: parsing {GoText.Quote(text[2..])}: invalid syntax");
            case 'k' or 'v':
                return ParseJson(text);
            default:
                return null;
        }
    }

    public int CompareTo(PathElement? other)
    {
        if (ReferenceEquals(this, other))
            return 0;
        if (step != other!.step)
            return step.CompareTo(other.step);
        return step switch
        {
            Step.Field => string.CompareOrdinal(FieldName, other.FieldName),
            Step.Key => CompareKeys(keys!, other.keys!),
            _ => value.CompareTo(other.value),
        };
    }

    public bool Equals(PathElement? other) => other is not null && CompareTo(other) == 0;

    public override bool Equals(object? obj) => Equals(obj as PathElement);

    public override int GetHashCode()
    {
        if (step == Step.Field)
            return FieldName!.GetHashCode(StringComparison.Ordinal);
        if (step != Step.Key)
            return value.GetHashCode();
        var hash = default(HashCode);
        foreach (var key in keys!)
            hash.Add(key.Value);
        return hash.ToHashCode();
    }

    /// <summary>The step as FieldsV1 writes it.</summary>
    public string Serialized => serialized ??= step == Step.Field ? "f:" + FieldName : Serialize();

    /// <summary>The step as error texts show it: <c>.spec</c>, <c>[name="a"]</c>, <c>[="x"]</c>, <c>[0]</c>.</summary>
    public override string ToString() => step switch
    {
        Step.Field => "." + FieldName,
        Step.Key => $"[{string.Join(',', keys!.Select(key => $"{key.Name}={key.Value}"))}]",
        Step.Value => $"[={value}]",
        _ => $"[{value}]",
    };

    private static int CompareKeys((string Name, Scalar Value)[] left, (string Name, Scalar Value)[] right)
    {
        for (var index = 0; index < left.Length && index < right.Length; index++)
        {
            var order = string.CompareOrdinal(left[index].Name, right[index].Name);
            if (order == 0)
                order = left[index].Value.CompareTo(right[index].Value);
            if (order != 0)
                return order;
        }

        return left.Length.CompareTo(right.Length);
    }

    private string Serialize()
    {
        var buffer = text ??= new ArrayBufferWriter<byte>();
        buffer.ResetWrittenCount();
        var output = new JsonOutput(buffer, null);
        if (step != Step.Key)
        {
            value.Write(ref output);
        }
        else
        {
            output.BeginObject();
            foreach (var key in keys!)
            {
                output.Key(key.Name);
                key.Value.Write(ref output);
            }

            output.EndObject();
        }

        output.Flush();
        var letter = step switch { Step.Key => "k:", Step.Value => "v:", _ => "i:" };
        return letter + Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static PathElement ParseJson(string text)
    {
        try
        {
            var input = new JsonInput(Encoding.UTF8.GetBytes(text[2..]), reportsProblems: false);
            input.Reader.Read();
            var element = text[0] == 'v' ? Value(Scalar.Read(ref input)) : Key(ReadKeys(ref input));
            input.Reader.Read();
            return element;
        }
        catch (JsonException error)
        {
            throw new FormatException(error.Message, error);
        }
    }

    private static (string Name, Scalar Value)[] ReadKeys(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.StartObject)
            throw new FormatException("expect { or n");
        var keys = new List<(string Name, Scalar Value)>(2);
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndObject)
        {
            var name = input.GetString();
            input.Reader.Read();
            keys.Add((name, Scalar.Read(ref input)));
        }

        keys.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return [.. keys];
    }
}

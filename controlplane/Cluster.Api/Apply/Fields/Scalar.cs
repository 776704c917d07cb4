using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Json;

namespace Cluster.Api.Apply.Fields;

/// <summary>A value that tells list elements apart. All values have one order: numbers, texts, booleans, anything else, null.</summary>
internal readonly struct Scalar : IComparable<Scalar>, IEquatable<Scalar>
{
    private readonly Rank rank;
    private readonly bool isWhole;
    private readonly long whole;
    private readonly double number;
    private readonly string? text;

    private Scalar(Rank rank, string? text) => (this.rank, this.text) = (rank, text);

    private Scalar(long value) => (rank, isWhole, whole, number) = (Rank.Number, true, value, value);

    private Scalar(double value, string text) => (rank, number, this.text) = (Rank.Number, value, text);

    private enum Rank
    {
        Number,
        Text,
        Boolean,
        Other,
        Null,
    }

    public static Scalar Of(string value) => new(Rank.Text, value);

    public static Scalar Of(long value) => new(value);

    public static Scalar Of(bool value) => new(Rank.Boolean, value ? "true" : "false");

    public static Scalar Of(JsonNode? node) => node switch
    {
        null => new Scalar(Rank.Null, "null"),
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.String => Of(value.GetValue<string>()),
            JsonValueKind.True => Of(true),
            JsonValueKind.False => Of(false),
            _ => OfNumber(value.ToJsonString()),
        },
        _ => new Scalar(Rank.Other, node.ToJsonString()),
    };

    /// <param name="reader">On a value; it is on the value's last token after.</param>
    public static Scalar Read(ref JsonInput reader)
    {
        switch (reader.Reader.TokenType)
        {
            case JsonTokenType.String:
                return Of(reader.GetString());
            case JsonTokenType.True or JsonTokenType.False:
                return Of(reader.Reader.TokenType == JsonTokenType.True);
            case JsonTokenType.Null:
                return new Scalar(Rank.Null, "null");
            case JsonTokenType.Number:
                return reader.Reader.TryGetInt64(out var value) ? Of(value) : OfNumber(System.Text.Encoding.UTF8.GetString(reader.RawValue()));
            default:
                return new Scalar(Rank.Other, System.Text.Encoding.UTF8.GetString(reader.RawValue()));
        }
    }

    public int CompareTo(Scalar other)
    {
        if (rank != other.rank)
            return rank.CompareTo(other.rank);
        if (rank == Rank.Number)
            return isWhole && other.isWhole ? whole.CompareTo(other.whole) : number.CompareTo(other.number);
        return string.CompareOrdinal(text, other.text);
    }

    public bool Equals(Scalar other) => CompareTo(other) == 0;

    public override bool Equals(object? obj) => obj is Scalar other && Equals(other);

    public override int GetHashCode() => rank == Rank.Number ? number.GetHashCode() : HashCode.Combine(rank, text);

    /// <summary>As Go prints it in a path: texts in quotes.</summary>
    public override string ToString() =>
        rank == Rank.Text ? GoText.Quote(text!) : isWhole ? whole.ToString(CultureInfo.InvariantCulture) : text!;

    public void Write(ref JsonOutput output)
    {
        if (rank == Rank.Text)
            output.String(text);
        else if (isWhole)
            output.Number(whole);
        else
            output.Value(System.Text.Encoding.UTF8.GetBytes(text!));
    }

    private static Scalar OfNumber(string json) => long.TryParse(json, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
        ? Of(value)
        : new Scalar(double.Parse(json, CultureInfo.InvariantCulture), json);
}

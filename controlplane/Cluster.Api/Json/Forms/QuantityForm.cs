using System.Text;
using System.Text.Json;
using Cluster.Api.Quantities;
using Cluster.Api.Resource;

namespace Cluster.Api.Json.Forms;

/// <summary>Canonical quantity text; numbers are accepted too.</summary>
internal readonly struct QuantityForm : IValueForm<Quantity>
{
    private const string ZeroText = "0";

    public static string GoType => "resource.Quantity";

    public static Quantity Zero => new() { String = ZeroText };

    public static bool IsZero(Quantity value) => value.String is "" or ZeroText;

    public static Quantity Read(ref JsonInput input)
    {
        var text = input.Reader.TokenType == JsonTokenType.String ? input.GetString() : Encoding.UTF8.GetString(input.RawValue());
        return new Quantity { String = Canonical(text.Trim()) };
    }

    public static void Write(ref JsonOutput output, Quantity value)
    {
        var text = value.String;
        if (text.Length == 0)
            text = ZeroText;
        else if (!CanonicalText.IsPlain(text) && QuantityValue.TryParse(text, out var parsed))
            text = parsed.ToString();
        output.String(text);
    }

    public static void Normalize(Quantity value) => value.String = Canonical(value.String);

    private static string Canonical(string text)
    {
        if (CanonicalText.IsPlain(text))
            return text;
        try
        {
            return QuantityValue.Parse(text).ToString();
        }
        catch (FormatException error)
        {
            throw new JsonDecodeException(error.Message);
        }
    }
}

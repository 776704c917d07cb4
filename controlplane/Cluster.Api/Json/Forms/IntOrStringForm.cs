using System.Text.Json;
using Cluster.Api.IntStr;

namespace Cluster.Api.Json.Forms;

/// <summary>A JSON number or a JSON string.</summary>
internal readonly struct IntOrStringForm : IValueForm<IntOrString>
{
    public static string GoType => "intstr.IntOrString";

    public static IntOrString Zero => new();

    public static bool IsZero(IntOrString value) => value.Type == 0 && value.IntVal == 0;

    public static IntOrString Read(ref JsonInput input)
    {
        if (input.Reader.TokenType == JsonTokenType.String)
            return IntOrStrings.FromString(input.GetString());
        // The type reads itself in Go, and so knows nothing of the field it stands in.
        var start = input.FieldStart;
        input.FieldStart = -1;
        var value = IntOrStrings.FromInt(Int32Form.Read(ref input));
        input.FieldStart = start;
        return value;
    }

    public static void Write(ref JsonOutput output, IntOrString value)
    {
        if (value.IsInt())
            output.Number(value.IntVal);
        else
            output.String(value.StrVal);
    }
}

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
        return input.Reader.TokenType == JsonTokenType.String
            ? IntOrStrings.FromString(input.GetString())
            : IntOrStrings.FromInt(Int32Form.Read(ref input));
    }

    public static void Write(ref JsonOutput output, IntOrString value)
    {
        if (value.IsInt())
            output.Number(value.IntVal);
        else
            output.String(value.StrVal);
    }
}

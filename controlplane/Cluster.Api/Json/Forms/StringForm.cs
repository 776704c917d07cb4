using System.Text.Json;

namespace Cluster.Api.Json.Forms;

internal readonly struct StringForm : IValueForm<string>
{
    public static string GoType => "string";

    public static string Zero => "";

    public static bool IsZero(string value) => value.Length == 0;

    public static string Read(ref JsonInput input) =>
        input.Reader.TokenType == JsonTokenType.String ? input.GetString() : throw input.Mismatch(GoType);

    public static void Write(ref JsonOutput output, string value) => output.String(value);
}

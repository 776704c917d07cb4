using System.Text.Json;

namespace Cluster.Api.Json.Forms;

internal readonly struct BoolForm : IValueForm<bool>
{
    public static string GoType => "bool";

    public static bool Zero => false;

    public static bool IsZero(bool value) => !value;

    public static bool Read(ref JsonInput input) => input.Reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw input.Mismatch(GoType),
    };

    public static void Write(ref JsonOutput output, bool value) => output.Bool(value);
}

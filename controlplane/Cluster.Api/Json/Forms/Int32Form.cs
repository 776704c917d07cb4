using System.Text.Json;

namespace Cluster.Api.Json.Forms;

internal readonly struct Int32Form : IValueForm<int>
{
    public static string GoType => "int32";

    public static int Zero => 0;

    public static bool IsZero(int value) => value == 0;

    public static int Read(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.Number)
            throw input.Mismatch(GoType);
        return input.Reader.TryGetInt32(out var value) ? value : throw input.BadNumber(GoType);
    }

    public static void Write(ref JsonOutput output, int value) => output.Number(value);
}

using System.Text.Json;

namespace Cluster.Api.Json.Forms;

internal readonly struct Int64Form : IValueForm<long>
{
    public static string GoType => "int64";

    public static long Zero => 0;

    public static bool IsZero(long value) => value == 0;

    public static long Read(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.Number)
            throw input.Mismatch(GoType);
        return input.Reader.TryGetInt64(out var value) ? value : throw input.BadNumber(GoType);
    }

    public static void Write(ref JsonOutput output, long value) => output.Number(value);
}

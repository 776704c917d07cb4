using System.Text.Json;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Json.Forms;

/// <summary>RFC 3339 text with six fractional digits in UTC; the zero time is null.</summary>
internal readonly struct MicroTimeForm : IValueForm<MicroTime>
{
    private const int NanosPerMicrosecond = 1000;

    public static string GoType => "v1.MicroTime";

    public static MicroTime Zero => new();

    public static bool IsZero(MicroTime value) => value.IsZero();

    public static MicroTime Read(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.String)
            throw input.Mismatch("string");
        var (seconds, nanos) = TimeText.Parse(input.GetString(), wantsMicroseconds: true);
        return new MicroTime { Seconds = seconds, Nanos = nanos / NanosPerMicrosecond * NanosPerMicrosecond };
    }

    public static void Normalize(MicroTime value) => value.Nanos -= value.Nanos % NanosPerMicrosecond;

    public static void Write(ref JsonOutput output, MicroTime value)
    {
        if (value.IsZero())
            output.Null();
        else
            TimeText.Write(ref output, value.Seconds, value.Nanos / NanosPerMicrosecond);
    }
}

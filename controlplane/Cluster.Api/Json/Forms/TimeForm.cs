using System.Text.Json;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Json.Forms;

/// <summary>RFC 3339 text with whole seconds in UTC; the zero time is null.</summary>
internal readonly struct TimeForm : IValueForm<Time>
{
    public static string GoType => "v1.Time";

    public static Time Zero => new();

    public static bool IsZero(Time value) => value.IsZero();

    public static Time Read(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.String)
            throw input.Mismatch("string");
        // A fraction is accepted and dropped: the API keeps whole seconds.
        return new Time { Seconds = TimeText.Parse(input.GetString(), wantsMicroseconds: false).Seconds };
    }

    public static void Normalize(Time value) => value.Nanos = 0;

    public static void Write(ref JsonOutput output, Time value)
    {
        if (value.IsZero())
            output.Null();
        else
            TimeText.Write(ref output, value.Seconds, microseconds: -1);
    }
}

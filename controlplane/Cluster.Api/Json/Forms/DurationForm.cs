using System.Text.Json;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Json.Forms;

/// <summary>Go duration text such as <c>1h2m3s</c>.</summary>
internal readonly struct DurationForm : IValueForm<Duration>
{
    public static string GoType => "v1.Duration";

    public static Duration Zero => new();

    public static bool IsZero(Duration value) => value.Duration_ == 0;

    public static Duration Read(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.String)
            throw input.Mismatch("string");
        return new Duration { Duration_ = DurationText.Parse(input.GetString()) };
    }

    public static void Write(ref JsonOutput output, Duration value) => output.String(DurationText.Format(value.Duration_));
}

using System.Text;
using System.Text.Json;

namespace Cluster.Api.Json.Forms;

/// <summary>A number with a fraction: the shortest text that reads as the same number, as Go writes it.</summary>
internal readonly struct DoubleForm : IValueForm<double>
{
    public static string GoType => "float64";

    public static double Zero => 0;

    public static bool IsZero(double value) => value == 0;

    public static double Read(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.Number)
            throw input.Mismatch(GoType);
        return input.Reader.TryGetDouble(out var value) && double.IsFinite(value) ? value : throw input.BadNumber(GoType);
    }

    public static void Write(ref JsonOutput output, double value) => output.Value(Encoding.ASCII.GetBytes(GoNumber.Text(value)));
}

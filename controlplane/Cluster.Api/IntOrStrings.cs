using System.Globalization;
using Cluster.Api.IntStr;

namespace Cluster.Api;

/// <summary>A value that is a number or a text, such as a port or its name, <c>3</c> or <c>25%</c>.</summary>
public static class IntOrStrings
{
    private const int IntType = 0;
    private const int StringType = 1;

    public static IntOrString FromInt(int value) => new() { Type = IntType, IntVal = value };

    public static IntOrString FromString(string value) => new() { Type = StringType, StrVal = value };

    public static bool IsInt(this IntOrString value) => value.Type == IntType;

    public static bool IsString(this IntOrString value) => value.Type == StringType;

    /// <summary>The number or the text, as text.</summary>
    public static string ToText(this IntOrString value) =>
        value.IsInt() ? value.IntVal.ToString(CultureInfo.InvariantCulture) : value.StrVal;
}

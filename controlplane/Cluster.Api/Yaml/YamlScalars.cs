using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Cluster.Api.Yaml;

/// <summary>What a plain YAML 1.1 scalar means: yes and on are true, 0o and 0x and _ make numbers, dates are text.</summary>
internal static class YamlScalars
{
    private const string TagPrefix = "tag:yaml.org,2002:";

    /// <summary>The scalar as JSON; null for YAML's null.</summary>
    public static JsonNode? Resolve(Scalar scalar)
    {
        var tag = scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific ? "" : scalar.Tag.Value.Replace(TagPrefix, "", StringComparison.Ordinal);
        var isText = tag.Length > 0 ? tag is not ("int" or "float" or "bool" or "null") : scalar.Style != ScalarStyle.Plain;
        return isText ? JsonValue.Create(scalar.Value) : Plain(scalar.Value);
    }

    private static JsonNode? Plain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON" => JsonValue.Create(true),
        "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF" => JsonValue.Create(false),
        _ when char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.' => Number(text) ?? JsonValue.Create(text),
        _ => JsonValue.Create(text),
    };

    private static JsonNode? Number(string text)
    {
        var plain = text.Replace("_", "", StringComparison.Ordinal);
        if (text[0] != '.' && Whole(plain) is { } whole)
            return whole >= long.MinValue && whole <= long.MaxValue ? JsonValue.Create((long)whole) : JsonValue.Create((ulong)whole);
        var isFloat = IsFloat(plain) && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        return isFloat ? JsonNode.Parse(GoFloats.Format(double.Parse(plain, NumberStyles.Float, CultureInfo.InvariantCulture))) : null;
    }

    // Go's integers: decimal, 0x, 0b, 0o and, as in C, a leading 0 for octal; null when it is none or does not fit 64 bits.
    private static BigInteger? Whole(string text)
    {
        var negative = text[0] == '-';
        var digits = text[0] is '+' or '-' ? text[1..] : text;
        var (radix, skip) = digits switch
        {
            ['0', 'x' or 'X', ..] => (16, 2),
            ['0', 'b' or 'B', ..] => (2, 2),
            ['0', 'o' or 'O', ..] => (8, 2),
            ['0', _, ..] => (8, 1),
            _ => (10, 0),
        };
        if (digits.Length == skip || digits.Length > 66)
            return null;
        var value = BigInteger.Zero;
        foreach (var character in digits.AsSpan(skip))
        {
            var digit = char.IsAsciiHexDigit(character) ? Convert.ToInt32(character.ToString(), 16) : radix;
            if (digit >= radix)
                return null;
            value = (value * radix) + digit;
        }

        value = negative ? -value : value;
        return value >= long.MinValue && value <= ulong.MaxValue ? value : null;
    }

    private static bool IsFloat(ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && text[0] is '+' or '-')
            text = text[1..];
        var whole = Digits(ref text);
        var fraction = 0;
        if (!text.IsEmpty && text[0] == '.')
        {
            text = text[1..];
            fraction = Digits(ref text);
        }

        if (whole + fraction == 0)
            return false;
        if (text.IsEmpty)
            return true;
        if (text[0] is not ('e' or 'E'))
            return false;
        text = text[1..];
        if (!text.IsEmpty && text[0] is '+' or '-')
            text = text[1..];
        return Digits(ref text) > 0 && text.IsEmpty;
    }

    private static int Digits(ref ReadOnlySpan<char> text)
    {
        var count = 0;
        while (count < text.Length && char.IsAsciiDigit(text[count]))
            count++;
        text = text[count..];
        return count;
    }
}

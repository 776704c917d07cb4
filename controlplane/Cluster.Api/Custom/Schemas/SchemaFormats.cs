using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Cluster.Api.Validation;

namespace Cluster.Api.Custom.Schemas;

/// <summary>The formats of texts and numbers that schemas may ask for. Others are no error, and ask for nothing.</summary>
internal static partial class SchemaFormats
{
    /// <summary>Whether a text has a format.</summary>
    public static bool Holds(string format, string text) => format switch
    {
        "date-time" or "datetime" => DateTimePattern().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "duration" => DurationPattern().IsMatch(text),
        "ipv4" => IPAddress.TryParse(text, out var four) && text.Split('.').Length == 4 && four.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork,
        "ipv6" => IPAddress.TryParse(text, out var six) && six.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6,
        "cidr" => NameFormats.IsCidr(text),
        "mac" => MacPattern().IsMatch(text),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _) || text.StartsWith('/'),
        "email" => System.Net.Mail.MailAddress.TryCreate(text, out _),
        "hostname" => text.Length is > 0 and < 256 && HostPattern().IsMatch(text),
        "uuid" => UuidPattern().IsMatch(text),
        "uuid3" => UuidPattern().IsMatch(text) && VersionOf(text) == '3',
        "uuid4" => UuidPattern().IsMatch(text) && VersionOf(text) == '4',
        "uuid5" => UuidPattern().IsMatch(text) && VersionOf(text) == '5',
        "byte" => text.Length % 4 == 0 && Base64Pattern().IsMatch(text),
        "hexcolor" => HexColorPattern().IsMatch(text),
        "rgbcolor" => RgbColorPattern().IsMatch(text),
        "ssn" => SocialSecurityPattern().IsMatch(text),
        "creditcard" => CardPattern().IsMatch(text.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal)),
        "bsonobjectid" => ObjectIdPattern().IsMatch(text),
        "isbn" or "isbn10" or "isbn13" => IsBookNumber(format, text.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal)),
        _ => true,
    };

    private static char VersionOf(string uuid) => uuid.Replace("-", "", StringComparison.Ordinal)[12];

    private static bool IsBookNumber(string format, string digits)
    {
        if (digits.Length == 10 && format != "isbn13" && TenPattern().IsMatch(digits))
            return digits.Select((digit, at) => (10 - at) * (digit == 'X' ? 10 : digit - '0')).Sum() % 11 == 0;
        return digits.Length == 13 && format != "isbn10" && digits.All(char.IsAsciiDigit)
            && digits.Select((digit, at) => (at % 2 == 0 ? 1 : 3) * (digit - '0')).Sum() % 10 == 0;
    }

    private const RegexOptions Plain = RegexOptions.CultureInvariant;

    [GeneratedRegex(@"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})\z", Plain)]
    private static partial Regex DateTimePattern();

    [GeneratedRegex(@"\A[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))*\z|\A0\z|\A[0-9]+ *(d|days?|w|weeks?|h|hours?|m|mins?|minutes?|s|secs?|seconds?)\z", Plain)]
    private static partial Regex DurationPattern();

    [GeneratedRegex(@"\A([0-9A-Fa-f]{2}[:-]){5}([0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-])?[0-9A-Fa-f]{2}\z|\A([0-9A-Fa-f]{4}\.){2}([0-9A-Fa-f]{4}\.)?[0-9A-Fa-f]{4}\z", Plain)]
    private static partial Regex MacPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?\z", Plain)]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}\z", Plain)]
    private static partial Regex UuidPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9+/]*={0,2}\z", Plain)]
    private static partial Regex Base64Pattern();

    [GeneratedRegex(@"\A#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})\z", Plain)]
    private static partial Regex HexColorPattern();

    [GeneratedRegex(@"\Argb\( *(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5]) *, *(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5]) *, *(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5]) *\)\z", Plain)]
    private static partial Regex RgbColorPattern();

    [GeneratedRegex(@"\A[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}\z", Plain)]
    private static partial Regex SocialSecurityPattern();

    [GeneratedRegex(@"\A[0-9]{13,19}\z", Plain)]
    private static partial Regex CardPattern();

    [GeneratedRegex(@"\A[0-9A-Fa-f]{24}\z", Plain)]
    private static partial Regex ObjectIdPattern();

    [GeneratedRegex(@"\A[0-9]{9}[[0-9]X]\z", Plain)]
    private static partial Regex TenPattern();
}

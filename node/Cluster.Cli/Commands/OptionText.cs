using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Cluster.Cli.Commands;

/// <summary>Reads the text of an option, or refuses it by the option's name.</summary>
internal static partial class OptionText
{
    public static IPAddress Address(string option, string text) =>
        IPAddress.TryParse(text, out IPAddress? address) ? address : throw new CliException($"{option} {text}: an IP address is meant", 2);

    public static IPEndPoint EndPoint(string option, string text) =>
        text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out IPEndPoint? endPoint) && endPoint.Port > 0
            ? endPoint
            : throw new CliException($"{option} {text}: IP:PORT is meant", 2);

    public static IPNetwork Network(string option, string text) =>
        IPNetwork.TryParse(text, out IPNetwork network) ? network : throw new CliException($"{option} {text}: a range like 10.96.0.0/16 is meant", 2);

    /// <summary>One range or, for dual stack, one of each family behind a comma.</summary>
    public static IReadOnlyList<IPNetwork> Networks(string option, string text) =>
        OnePerFamily(option, text, [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => Network(option, part))], network => network.BaseAddress.AddressFamily);

    /// <summary>One address or, for dual stack, one of each family behind a comma.</summary>
    public static IReadOnlyList<IPAddress> Addresses(string option, string text) =>
        OnePerFamily(option, text, [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => Address(option, part))], address => address.AddressFamily);

    private static T[] OnePerFamily<T>(string option, string text, T[] values, Func<T, AddressFamily> family) =>
        values.DistinctBy(family).Count() == values.Length ? values : throw new CliException($"{option} {text}: at most one of each family is meant", 2);

    public static Uri Url(string option, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? uri!
            : throw new CliException($"{option} {text}: a URL like http://127.0.0.1:2379 is meant", 2);

    /// <summary>A time as Kubernetes' flags have it: numbers with their units, such as 4h, 1h30m or 90s.</summary>
    public static TimeSpan Duration(string option, string text)
    {
        Match match = DurationForm().Match(text);
        if (!match.Success || text.Length == 0) throw new CliException($"{option} {text}: a time like 4h, 1h30m or 90s is meant", 2);
        return TimeSpan.FromSeconds((Number(match, "h") * 3600) + (Number(match, "m") * 60) + Number(match, "s"));
    }

    private static double Number(Match match, string unit) =>
        match.Groups[unit].Success ? double.Parse(match.Groups[unit].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^(?:(?<h>\d{1,6})h)?(?:(?<m>\d{1,8})m)?(?:(?<s>\d{1,9})s)?$")]
    private static partial Regex DurationForm();
}
